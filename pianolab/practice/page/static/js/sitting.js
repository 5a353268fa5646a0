// A sitting as the page sees it: what it has asked the program for, and where it stands. No document is needed here.
//
// idle -> greeting -> choosing -> playing -> finishing -> resting (the report is there, the microphone stays on)
// From resting one begins again, also by a key of the piano; the end of the connection leads back to idle.

export const VERSIONS = [1];
const NOT_TAKEN = ["no_piece", "no_passage"]; // What was chosen cannot be played.

export class Sitting {
  /**
   * @param {function(object): void} send Sends a message to the program.
   * @param {function(): void} [changed] Called when the phase changes.
   */
  constructor(send, changed = () => {}) {
    this.send = send;
    this.changed = changed;
    this.phase = "idle";
    this.choice = this.chosen = this.commands = null;
  }

  get playing() {
    return this.phase === "playing";
  }

  get connected() {
    return this.phase !== "idle";
  }

  to(phase) {
    if (phase === this.phase) return;
    this.phase = phase;
    this.changed();
  }

  /** Greet the program; what was chosen is begun when it has answered. */
  start({ hello, choice, commands }) {
    Object.assign(this, { choice, commands });
    this.to("greeting");
    this.send({ type: "hello", versions: VERSIONS, ...hello });
  }

  /** Begin what is chosen, anew. */
  begin(choice) {
    this.choice = choice;
    this.to("choosing");
    this.send({ type: "choose", ...choice });
  }

  /** Keys that command. */
  command(keys) {
    this.commands = keys;
    if (this.connected && this.phase !== "greeting") this.send({ type: "commands", ...keys });
  }

  /** Another tempo; while one plays it is taken at once. */
  tempo(tempo) {
    if (this.choice) this.choice = { ...this.choice, tempo };
    if (this.playing) this.send({ type: "tempo", tempo });
  }

  again() {
    if (this.playing) this.send({ type: "again" });
    else if (this.phase === "resting") this.begin(this.choice);
  }

  on() {
    if (this.playing) this.send({ type: "on" });
  }

  finish() {
    if (!this.playing) return;
    this.to("finishing");
    this.send({ type: "finish" });
  }

  closed() {
    this.to("idle");
  }

  /** What the program says. */
  message(told) {
    if (told.type === "welcome") this.begin(this.choice);
    else if (told.type === "chosen") this.taken(told);
    else if (told.type === "begun") this.to("playing");
    else if (told.type === "report") this.to("resting");
    else if (told.type === "error" && this.phase === "choosing" && NOT_TAKEN.includes(told.code)) this.to("resting");
    else if (told.type === "error" && this.phase === "finishing") this.to("resting");
  }

  taken(told) {
    this.chosen = told;
    if (this.phase !== "choosing") return; // The program went on by itself, because a key asked for it.
    if (this.commands) this.send({ type: "commands", ...this.commands });
    this.send({ type: "begin" });
  }
}
