// What is on its way to the kernel. No more than a few messages travel at once; blocks that come meanwhile wait and go
// together. Sound whose answer would come too late is dropped and counted, so what is shown is never old.

export const LAG_S = 0.5; // so long after a sound its answer comes at the latest
export const IN_FLIGHT = 4; // messages on their way to the kernel
export const FLIGHT_S = LAG_S / 2; // sound on its way, and how long the kernel takes for it, going by its pace so far
const FILL_S = 0.25; // A hole longer than this the kernel does not fill with silence, so it has less to do.
const RISE = 0.5; // The pace is that of the last answers: a slower one counts by so much,
const FALL = 0.25; // a faster one by so much.
// No answer for so long: first it is said, then it is given up. A stream is answered many times a second. Start loads
// what listens, and Stop judges the whole take, with the microphone off already.
export const PATIENCE_MS = {
  stream: { silent: 600, dead: 4500 },
  start: { silent: 2000, dead: 8000 },
  stop: { silent: 2000, dead: 30000 },
  hello: { silent: 2000, dead: Infinity },
};
export const LOADING_MS = 30000; // so long a stream may stand still while another detector is loaded

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
    Object.assign(this, { session, sr, seq: 0, onTheWay: new Map(), backlog: [], dropped: 0, lost: 0, frames: 0 });
    Object.assign(this, { pace: 1, hurries: true });
    this.answeredAt = this.heardAt = this.now();
  }

  /** The stream is over: nothing of it is waited for any more. */
  close() {
    this.onTheWay.clear();
    this.backlog = [];
    for (const what of ["start", "stop", "choose"]) this.waits.delete(what);
  }

  /** Samples that are unanswered. */
  get flying() {
    return [...this.onTheWay.values()].reduce((sum, { n }) => sum + n, 0);
  }

  /** Samples that wait. */
  get waiting() {
    return this.backlog.reduce((sum, { n }) => sum + n, 0);
  }

  /** How old the newest sound is that was heard, in seconds. */
  get behind() {
    return (this.now() - this.heardAt) / 1000;
  }

  /** Whether the answer to the oldest sound that waits would come too late, and there is newer, or will be. */
  get tooLate() {
    if (!this.hurries || !this.backlog.length || this.backlog.length + this.onTheWay.size < 2) return false;
    const [{ at, n }] = this.backlog;
    const age = Math.max((this.now() - at) / 1000 + n / this.sr, this.waiting / this.sr);
    return age + (this.pace * (this.flying + n)) / this.sr > LAG_S;
  }

  /** Whether everything has been sent and answered. */
  get idle() {
    return !this.onTheWay.size && !this.backlog.length;
  }

  /**
   * Take a block that came out of the microphone `lateMs` ago. Returns false if it had to be dropped, with all that waited:
   * the newest sound is worth more, and one long hole costs less than many short ones.
   */
  block({ frame, pcm, n, lateMs = 0 }) {
    this.frames = frame + n;
    this.backlog.push({ frame, pcm, n, at: this.now() - lateMs });
    const room = !this.tooLate || this.waiting <= FILL_S * this.sr;
    if (!room) this.drop();
    this.post();
    return room;
  }

  drop() {
    this.dropped += this.backlog.length;
    this.lost += this.waiting;
    this.backlog = [];
  }

  /** The last block has come: nothing newer waits behind what is old. */
  finish() {
    this.hurries = false;
    this.post();
  }

  /** Send what waits: as many blocks as follow each other go in one message. */
  post() {
    if (!this.backlog.length || this.onTheWay.size >= IN_FLIGHT || this.tooLate) return;
    const [{ frame }] = this.backlog;
    const parts = [];
    const room = (FLIGHT_S * this.sr) / Math.max(1, this.pace) - this.flying;
    let [n, end] = [0, 0];
    const fits = (block) => block.frame === frame + n && (n + block.n <= room || (!n && !this.onTheWay.size));
    while (this.backlog.length && fits(this.backlog[0])) {
      const block = this.backlog.shift();
      parts.push(block.pcm);
      n += block.n;
      end = block.at;
    }
    if (n) this.ask({ type: "block", session: this.session, frame, sr: this.sr }, joined(parts), n, end);
  }

  /** Ask the kernel's own source what it has heard; one question at a time. */
  poll() {
    if (!this.onTheWay.size) this.ask({ type: "poll", session: this.session });
  }

  ask(message, pcm, n = 0, end = this.now()) {
    const seq = this.seq++;
    this.onTheWay.set(seq, { at: this.now(), n, end });
    this.send({ ...message, seq }, pcm);
  }

  /** The kernel has answered this message, and so all before it. */
  acked(seq) {
    const answered = [...this.onTheWay].filter(([sent]) => sent <= seq);
    for (const [sent] of answered) this.onTheWay.delete(sent);
    if (answered.length) this.timed(answered.map(([, message]) => message));
    this.answeredAt = this.now();
  }

  /** How long the kernel took for these messages tells its pace: seconds for one second of sound. */
  timed(messages) {
    const took = (this.now() - Math.max(this.answeredAt, messages[0].at)) / 1000;
    const pace = (took * this.sr) / messages.reduce((sum, { n }) => sum + n, 0);
    if (Number.isFinite(pace)) this.pace += (pace - this.pace) * (pace > this.pace ? RISE : FALL);
    this.heardAt = messages.at(-1).end;
  }

  /** An answer to hello, start, choose or stop is waited for. */
  await(what) {
    this.waits.set(what, this.now());
  }

  /** It has come. */
  came(what) {
    this.waits.delete(what);
  }

  /**
   * Who has waited too long.
   * @returns {{on: string, dead: boolean}[]} `on` is hello, start, stop or stream; see PATIENCE_MS.
   */
  silences() {
    const since = [...this.waits].filter(([on]) => on !== "choose");
    if (this.onTheWay.size) {
      const oldest = Math.min(...[...this.onTheWay.values()].map(({ at }) => at));
      since.push(["stream", Math.max(oldest, this.answeredAt)]);
    }
    const waited = since.map(([on, at]) => ({ on, ms: this.now() - at }));
    return waited.filter(({ on, ms }) => ms > PATIENCE_MS[on].silent).map(({ on, ms }) => ({ on, dead: ms > this.patience(on) }));
  }

  patience(on) {
    return on === "stream" && this.waits.has("choose") ? LOADING_MS : PATIENCE_MS[on].dead;
  }
}
