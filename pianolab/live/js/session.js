// From Start to Stop, without anything to see: asks the kernel, opens and closes the microphone, and notices what fails.
// The states are waiting (for the kernel), ready, starting, running, stopping, lost (no kernel any more) and closed.

import { Holder } from "./holder.js";
import { LAG_S, Link } from "./link.js";
import { OF_MICROPHONE, Trouble, Troubles, UNANSWERED } from "./troubles.js";
import { Watch } from "./watch.js";

const POLL_MS = 25; // how often the kernel's own sources are asked
const CHECK_MS = 100; // how often it is checked whether the kernel still answers
const LAST_ANSWERS_MS = 1500; // so long the answers to the last blocks are waited for
const ZEROS_S = 5; // a microphone that gives nothing but zeros for so long is off somewhere

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
   * @param {Object} page What the page does: `stateChanged()`, `troublesChanged()`, `status(key, values)`,
   *   `answered(content, buffers)` for every answer, `rest()` when nothing that it shows holds any more, and
   *   `cutOff(take, name)` for a take that ended because answers stopped; the name is the one that it had until then.
   * @param {typeof CLOCK} clock
   */
  constructor(id, source, microphone, page, clock = CLOCK) {
    Object.assign(this, { id, source, microphone, page, clock });
    this.state = "waiting";
    this.holder = Holder.ofPage();
    this.watch = new Watch(this);
    this.zeros = 0; // samples since the microphone gave anything but zeros
    this.troubles = new Troubles();
    this.link = new Link((message, pcm) => this.send(message, pcm), clock.now);
    this.starts = 0;
    this.from = ""; // the kernel's source, or "" for this browser's microphone
    source.onmessage = (content, buffers) => this.answered(content, buffers);
    this.endChecks = clock.every(CHECK_MS, () => this.watch.check());
  }

  get on() {
    return this.state === "running" || this.state === "stopping";
  }

  set(state) {
    this.state = state;
    this.page.stateChanged();
  }

  hello(language) {
    this.greeting = { type: "hello", view: this.id, language };
    this.link.await("hello");
    this.greet();
  }

  greet() {
    this.greetedAt = this.clock.now();
    this.send(this.greeting);
  }

  /** Returns whether the message went out. */
  send(message, buffer) {
    if (message.type === "choose") this.link.await("choose");
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

  /** A trouble that lasts is told once. */
  add(code) {
    if (!this.troubles.has(code)) this.trouble(code);
  }

  /** The code of a trouble whose remedy depends on the page. */
  placed(code) {
    return this.source.place === "page" ? `${code}_page` : code;
  }

  lost() {
    if (this.state === "lost") return;
    this.release();
    if (this.on) this.watch.cutOff();
    this.link.close();
    this.link.came("hello");
    this.better(...UNANSWERED);
    this.trouble(this.placed("restarted"));
    this.set("lost");
    this.refuse();
  }

  // -- start and stop

  async start({ from = "", deviceId = null, keep = false }) {
    if (this.state !== "ready") return;
    this.troubles.clearAll();
    this.page.troublesChanged();
    if (!from && !this.holder.take(this)) {
      this.trouble("held");
      return;
    }
    Object.assign(this, { from, startedAt: new Date(), strokes: 0, toldDropped: 0, heardS: 0, zeros: 0, over: false, old: false });
    this.set("starting");
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

  /** The Start that waits comes to nothing, and the page says why already. */
  refuse() {
    this.begin?.reject(new Refusal());
  }

  failed(error) {
    this.release();
    if (error instanceof Trouble) this.trouble(error.code, error.code === "other" ? () => `(${error.detail})` : null);
    else if (!(error instanceof Refusal)) this.trouble("other", () => `(${error.message})`);
    if (this.state === "starting") this.set("ready");
  }

  sayListening(capture) {
    const values = { microphone: capture?.label, processing: capture?.processing.join(", ") };
    const heard = values.processing ? "processed" : capture ? "listening_to" : "listening";
    this.page.status(`status.${heard}`, values);
  }

  async stop() {
    if (this.state !== "running") return;
    this.set("stopping");
    this.endPolls?.();
    await this.capture?.finish();
    this.link.finish();
    const patience = this.clock.now() + LAST_ANSWERS_MS;
    while (!this.link.idle && this.clock.now() < patience) await this.clock.wait(20);
    if (this.state !== "stopping") return;
    this.release();
    this.over = true;
    this.page.rest();
    this.link.await("stop");
    this.sendStop();
  }

  sendStop(more = {}) {
    const { session, frames, dropped } = this.link;
    this.send({ type: "stop", session, frames, dropped, ...more });
  }

  /** Let go of the microphone at once. */
  release() {
    this.endPolls?.();
    this.capture?.close();
    this.endPolls = this.capture = null;
    this.holder.release(this);
    this.better(...OF_MICROPHONE);
  }

  stopped() {
    this.ended(this.from ? "status.source_stopped" : "status.stopped");
  }

  ended(status) {
    this.release();
    this.link.close();
    this.set("ready");
    this.page.status(status);
  }

  /** Nothing is lit while the newest sound that was heard is too old. */
  showNothingOld() {
    const old = this.on && !this.over && this.link.behind > LAG_S;
    if (old && !this.old) this.page.rest();
    this.old = old;
  }

  // -- sound out

  block(block) {
    if (!this.on) return;
    this.lookForZeros(block);
    if (!this.link.block(block)) this.droppedAt = this.clock.now();
  }

  /** Sound was left out, and answers come again: while none come, that is the trouble. */
  tellDropped() {
    const { dropped: n, lost } = this.link;
    if (n === this.toldDropped) return;
    this.toldDropped = n;
    this.trouble("slow", (say) => say("trouble.slow.more", { n, seconds: (lost / this.sr).toFixed(1) }));
  }

  /** A microphone that is on has at least some noise. */
  lookForZeros({ pcm, n }) {
    const nothing = new Int16Array(pcm).every((x) => x === 0);
    this.zeros = nothing ? this.zeros + n : 0;
    if (!nothing) this.better("zeros");
    else if (this.zeros >= ZEROS_S * this.sr) this.add("zeros");
  }

  // -- answers in

  answered(content, buffers) {
    if (this.watch.answeredAfterAll(content)) return;
    if (content.session && content.session !== this.link.session) return;
    if (content.type === "ready" && content.view !== this.id) return;
    this.better(...UNANSWERED);
    this[`on_${content.type}`]?.(content);
    if (content.type === "heard" && (!this.on || this.over)) return; // It lights nothing any more.
    this.page.answered(content, buffers);
    if (content.type === "heard") {
      this.old = false; // It has lit something.
      this.showNothingOld();
    }
    if (content.type === "stopped") this.stopped();
    if (content.type === "heard" && content.done) this.stop();
  }

  on_ready(content) {
    this.link.came("hello");
    this.blockLength = content.block;
    if (this.state === "waiting") this.set("ready"); // A second hello may have been answered, too.
  }

  on_started(content) {
    this.begin?.resolve(content);
  }

  on_heard(content) {
    this.link.acked(content.seq);
    this.heardS = content.seconds ?? 0;
    this.tellDropped();
    this.strokes += (content.events ?? []).filter(({ kind, listener }) => kind === "on" && !listener).length;
    if (this.on) this.link.post();
  }

  on_stale() {
    if (this.on) this.ended("status.other_page");
  }

  on_refused(content) {
    if (content.asked === "block" || content.asked === "poll") this.link.acked(content.seq ?? 0);
    if (content.asked === "choose") this.link.came("choose");
    if (content.asked === "start") this.refuse();
    else if (content.asked === "stop" && this.state === "stopping") this.stopped();
  }

  on_chosen() {
    this.link.came("choose");
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
