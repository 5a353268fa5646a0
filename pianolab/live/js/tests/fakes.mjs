// A kernel, a microphone and a clock that are not real.

import { Holder } from "../holder.js";
import { Session } from "../session.js";

export const SR = 44100;
export const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A source that keeps what it is sent; `answer` speaks for the kernel. */
class FakeSource {
  sent = [];
  onmessage = null;
  gone = false;
  closed = false;
  place = "lab";
  why = "";
  cause = () => this.why;
  send(message) {
    if (this.gone) return false;
    this.sent.push(message);
    return true;
  }
  answer(content) { this.onmessage?.(content, []); }
  close() { this.closed = true; this.onmessage = null; }
  of(type) { return this.sent.filter((message) => message.type === type); }
}

class FakeClock {
  ms = 0;
  timers = new Set();
  waits = [];
  now = () => this.ms;
  every = (ms, what) => {
    const timer = { ms, what, next: this.ms + ms };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  };
  wait = (ms) => new Promise((resolve) => { this.waits.push({ at: this.ms + ms, resolve }); });
  async pass(ms) {
    for (const end = this.ms + ms; this.ms < end;) {
      this.ms += 5;
      for (const timer of [...this.timers]) {
        if (this.ms < timer.next) continue;
        timer.next += timer.ms;
        timer.what();
      }
      for (const wait of this.waits.filter(({ at }) => at <= this.ms)) wait.resolve();
      this.waits = this.waits.filter(({ at }) => at > this.ms);
      if (this.ms % 100 === 0) await settle();
    }
    await settle();
  }
}

/** A session with all that is around it; `refuses` is what the microphone throws. */
export function setup({ refuses = null, processing = [], holder = new Holder() } = {}) {
  const source = new FakeSource();
  const clock = new FakeClock();
  const told = { states: [], status: [], answers: [], rests: 0, cuts: [] };
  const microphone = { opened: [], running: false, finished: false, closed: false };
  const make = (onBlock, onTrouble) => Object.assign(microphone, {
    closed: false,
    onBlock,
    onTrouble,
    async open(deviceId) {
      microphone.opened.push(deviceId);
      if (refuses) throw refuses;
      return { sr: SR, label: "Desk", processing };
    },
    run(block) { microphone.running = block; },
    async finish() { microphone.finished = true; },
    close() { microphone.closed = true; },
  });
  const page = {
    stateChanged: () => told.states.push(session.state),
    troublesChanged: () => {},
    status: (key, values) => told.status.push({ key, ...values }),
    answered: (content) => told.answers.push(content.type),
    rest: () => { told.rests += 1; },
    cutOff: (take, name) => told.cuts.push({ ...take, former: name }),
  };
  const session = new Session("view", source, make, page, clock);
  session.holder = holder;
  session.hello("ko");
  const ready = () => source.answer({ type: "ready", view: "view", block: 1024 });
  const codes = () => [...session.troubles.now.keys()];
  const begun = async (options = {}) => {
    ready();
    session.start(options);
    await settle();
    source.answer({ type: "started", session: session.link.session, sr: SR });
    await settle();
  };
  let frame = 0;
  const block = (n = 1024, level = 1) => {
    microphone.onBlock({ frame, pcm: new Int16Array(n).fill(level).buffer, n });
    frame += n;
  };
  const heard = (more = {}) => source.answer({ type: "heard", session: session.link.session, seq: session.link.seq - 1, ...more });
  return { session, source, clock, told, microphone, ready, codes, begun, block, heard };
}
