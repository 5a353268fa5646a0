// From Start to Stop, without anything to see: asks the kernel, opens and closes the microphone, and notices what fails.
// The states are waiting (for the kernel), ready, starting, running, stopping, lost (no kernel any more) and closed.

import { Link } from "./link.js";
import { Trouble, Troubles } from "./troubles.js";

const POLL_MS = 25; // how often the kernel's own sources are asked
const CHECK_MS = 250; // how often it is checked whether the kernel still answers
const LAST_ANSWERS_MS = 1500; // so long the answers to the last blocks are waited for
const SLOW_MS = 5000; // without a dropped block for so long, the kernel is no longer slow

/** The machine's clock; tests have one of their own. */
export const CLOCK = {
  now: () => performance.now(),
  every(ms, what) {
    const timer = setInterval(what, ms);
    return () => clearInterval(timer);
  },
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** Start came to nothing, and the page says why already. */
class Refusal extends Error {}

export class Session {
  /**
   * @param {string} id The name of the page.
   * @param {import("./source.js").Source} source
   * @param {function(function, function): import("./capture.js").Capture} microphone Makes a capture.
   * @param {Object} page What the page does: `stateChanged()`, `troublesChanged()`, `status(key, values)`, and
   *   `answered(content, buffers)` for every answer.
   * @param {typeof CLOCK} clock
   */
  constructor(id, source, microphone, page, clock = CLOCK) {
    Object.assign(this, { id, source, microphone, page, clock });
    this.state = "waiting";
    this.troubles = new Troubles();
    this.link = new Link((message, pcm) => this.send(message, pcm), clock.now);
    this.starts = 0;
    this.from = ""; // the kernel's source, or "" for this browser's microphone
    source.onmessage = (content, buffers) => this.answered(content, buffers);
    this.endChecks = clock.every(CHECK_MS, () => this.check());
  }

  get on() {
    return this.state === "running" || this.state === "stopping";
  }

  set(state) {
    this.state = state;
    this.page.stateChanged();
  }

  hello(language) {
    this.link.await("hello");
    this.send({ type: "hello", view: this.id, language });
  }

  /** Returns whether the message went out. */
  send(message, buffer) {
    if (this.source.send(message, buffer)) return true;
    if (this.state !== "closed") this.lost();
    return false;
  }

  // -- failures

  trouble(code, more = null) {
    this.troubles.add(code, more);
    this.page.troublesChanged();
    if (code === "unplugged" || code === "processor") this.stop();
  }

  better(...codes) {
    if (this.troubles.clear(...codes)) this.page.troublesChanged();
  }

  lost() {
    this.release();
    this.link.close();
    this.better("busy");
    this.trouble("restarted");
    this.set("lost");
    this.begin?.reject(new Refusal());
  }

  /** Does the kernel still answer? */
  check() {
    for (const { on, dead } of this.link.silences()) {
      if (dead && on !== "hello") this.giveUp(on);
      else if (!this.troubles.has("busy")) this.trouble("busy");
    }
    if (this.troubles.has("slow") && this.clock.now() - this.droppedAt > SLOW_MS) this.better("slow");
  }

  giveUp(on) {
    this.link.came(on);
    this.better("busy");
    this.trouble("dead");
    if (on === "start") this.begin?.reject(new Refusal());
    else this.ended(this.from ? "status.source_gave_up" : "status.gave_up");
  }

  // -- start and stop

  async start({ from = "", deviceId = null, keep = false }) {
    if (this.state !== "ready") return;
    this.from = from;
    this.set("starting");
    this.troubles.clearAll();
    this.page.troublesChanged();
    try {
      const capture = from ? null : await this.openMicrophone(deviceId);
      if (this.state !== "starting") return;
      const { sr } = await this.begun({ source: from || "browser", sr: capture?.sr, capture, keep });
      this.sr = this.link.sr = sr;
      this.set("running");
      if (from) this.endPolls = this.clock.every(POLL_MS, () => this.link.poll());
      else this.capture.run(this.blockLength);
      this.sayListening(capture);
    } catch (error) {
      this.failed(error);
    } finally {
      this.begin = null;
      this.link.came("start");
    }
  }

  openMicrophone(deviceId) {
    const troubled = (code, ends) => {
      if (ends) this.better(ends);
      if (code) this.trouble(code);
    };
    this.capture = this.microphone((block) => this.block(block), troubled);
    return this.capture.open(deviceId);
  }

  begun(message) {
    const begun = new Promise((resolve, reject) => { this.begin = { resolve, reject }; });
    this.link.open(`${this.id}-${++this.starts}`, message.sr ?? 0);
    this.link.await("start");
    this.send({ type: "start", session: this.link.session, ...message });
    return begun;
  }

  failed(error) {
    this.release();
    if (error instanceof Trouble) this.trouble(error.code, error.code === "other" ? () => `(${error.detail})` : null);
    else if (!(error instanceof Refusal)) this.trouble("other", () => `(${error.message})`);
    if (this.state === "starting") this.set("ready");
  }

  sayListening(capture) {
    const values = { sr: this.sr, microphone: capture?.label, processing: capture?.processing.join(", ") };
    const heard = values.processing ? "processed" : capture ? "listening_to" : "listening";
    this.page.status(`status.${heard}`, values);
  }

  async stop() {
    if (this.state !== "running") return;
    this.set("stopping");
    this.endPolls?.();
    await this.capture?.finish();
    const patience = this.clock.now() + LAST_ANSWERS_MS;
    while (!this.link.idle && this.clock.now() < patience) await this.clock.wait(20);
    if (this.state !== "stopping") return;
    this.release();
    this.link.await("stop");
    this.sendStop();
  }

  sendStop() {
    const { session, frames, dropped } = this.link;
    this.send({ type: "stop", session, frames, dropped });
  }

  /** Let go of the microphone at once. */
  release() {
    this.endPolls?.();
    this.capture?.close();
    this.endPolls = this.capture = null;
  }

  stopped() {
    this.ended(this.from ? "status.source_stopped" : "status.stopped");
  }

  ended(status) {
    this.release();
    this.link.close();
    this.better("slow");
    this.set("ready");
    this.page.status(status);
  }

  // -- sound out

  block(block) {
    if (!this.on) return;
    if (this.link.block(block)) return;
    this.droppedAt = this.clock.now();
    const n = this.link.dropped;
    this.trouble("slow", (say) => say("trouble.slow.more", { n, seconds: ((n * this.blockLength) / this.sr).toFixed(1) }));
  }

  // -- answers in

  answered(content, buffers) {
    if (content.session && content.session !== this.link.session) return;
    if (content.type === "ready" && content.view !== this.id) return;
    this.better("busy");
    this[`on_${content.type}`]?.(content);
    this.page.answered(content, buffers);
    if (content.type === "stopped") this.stopped();
    if (content.type === "heard" && content.done) this.stop();
  }

  on_ready(content) {
    this.link.came("hello");
    this.blockLength = content.block;
    this.set("ready");
  }

  on_started(content) {
    this.begin?.resolve(content);
  }

  on_heard(content) {
    this.link.acked(content.seq);
    if (this.on) this.link.post();
  }

  on_stale() {
    if (this.on) this.ended("status.other_page");
  }

  on_refused(content) {
    if (content.asked === "block" || content.asked === "poll") this.link.acked(content.seq ?? 0);
    if (content.asked === "start") this.begin?.reject(new Refusal());
    else if (content.asked === "stop") this.stopped();
  }

  on_stopped() {
    this.link.came("stop");
  }

  /** The page goes away. */
  close() {
    this.endChecks();
    if (this.on) this.sendStop();
    this.release();
    this.source.close();
    this.state = "closed";
  }
}
