// What is on its way to the kernel. No more than a few messages travel at once; blocks that come meanwhile wait and go
// together. When too much sound is unanswered, blocks are dropped and counted, so a slow kernel never falls far behind.

export const IN_FLIGHT = 4; // messages on their way to the kernel
export const LAG_S = 0.5; // sound that waits or is on its way
export const BUSY_MS = 2000; // no answer for this long: say so
export const DEAD_MS = 30000; // no answer for this long: let go of the microphone

const joined = (parts) => {
  if (parts.length === 1) return parts[0];
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.byteLength / 2, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(new Int16Array(part), at);
    at += part.byteLength / 2;
  }
  return whole.buffer;
};

export class Link {
  /**
   * @param {function(Object, ArrayBuffer=): void} send Carries a message of the stream, with its samples.
   * @param {function(): number} now The clock, milliseconds.
   */
  constructor(send, now) {
    this.send = send;
    this.now = now;
    this.waits = new Map(); // answers that are waited for, hello, start or stop -> since when
    this.open("", 0);
  }

  /** A new stream begins; what was on its way belongs to none. */
  open(session, sr) {
    Object.assign(this, { session, sr, seq: 0, onTheWay: new Map(), backlog: [], dropped: 0, frames: 0 });
  }

  /** The stream is over: nothing of it is waited for any more. */
  close() {
    this.onTheWay.clear();
    this.backlog = [];
    this.waits.delete("start");
    this.waits.delete("stop");
  }

  /** Samples that wait or are unanswered. */
  get owed() {
    return [...this.onTheWay.values(), ...this.backlog].reduce((sum, { n }) => sum + n, 0);
  }

  /** Whether everything has been sent and answered. */
  get idle() {
    return !this.onTheWay.size && !this.backlog.length;
  }

  /** Take a block. Returns false if it had to be dropped. */
  block({ frame, pcm, n }) {
    this.frames = frame + n;
    const room = this.owed + n <= LAG_S * this.sr;
    if (room) this.backlog.push({ frame, pcm, n });
    else this.dropped += 1;
    this.post();
    return room;
  }

  /** Send what waits: as many blocks as follow each other go in one message. */
  post() {
    if (!this.backlog.length || this.onTheWay.size >= IN_FLIGHT) return;
    const [{ frame }] = this.backlog;
    const parts = [];
    let n = 0;
    while (this.backlog.length && this.backlog[0].frame === frame + n) {
      const block = this.backlog.shift();
      parts.push(block.pcm);
      n += block.n;
    }
    this.ask({ type: "block", session: this.session, frame, sr: this.sr }, joined(parts), n);
  }

  /** Ask the kernel's own source what it has heard; one question at a time. */
  poll() {
    if (!this.onTheWay.size) this.ask({ type: "poll", session: this.session });
  }

  ask(message, pcm, n = 0) {
    const seq = this.seq++;
    this.onTheWay.set(seq, { at: this.now(), n });
    this.send({ ...message, seq }, pcm);
  }

  /** The kernel has answered this message, and so all before it. */
  acked(seq) {
    for (const sent of [...this.onTheWay.keys()]) if (sent <= seq) this.onTheWay.delete(sent);
  }

  /** An answer to hello, start or stop is waited for. */
  await(what) {
    this.waits.set(what, this.now());
  }

  /** It has come. */
  came(what) {
    this.waits.delete(what);
  }

  /**
   * Who has waited too long.
   * @returns {{on: string, dead: boolean}[]} `on` is hello, start, stop or stream; `dead` after half a minute.
   */
  silences() {
    const since = [...this.waits];
    if (this.onTheWay.size) since.push(["stream", Math.min(...[...this.onTheWay.values()].map(({ at }) => at))]);
    const waited = since.map(([on, at]) => ({ on, ms: this.now() - at })).filter(({ ms }) => ms > BUSY_MS);
    return waited.map(({ on, ms }) => ({ on, dead: ms > DEAD_MS }));
  }
}
