// What is marked on the notes: a shape for each, which says all by itself. Colour comes in addition.

export const SHAPES = {
  right: "✓", after: "✗✓", early: "◂", late: "▸", wrong: "✗", octave: "✗", missing: "○", extra: "+", doubled: "+", "not sure": "?",
};
const RANK = ["right", "early", "late", "not sure", "extra", "doubled", "missing", "octave", "wrong"]; // What is worse stays.

/** Marks of a take, by element of the page. */
export class Marks {
  constructor() {
    this.clear();
  }

  clear() {
    this.past = new Map(); // Element -> what was said of it.
    this.step = null;
    this.rounds = 0;
    this.leave();
  }

  leave() {
    this.now = []; // Elements that are due.
    this.done = []; // Those of this step that were played.
    this.beside = []; // Those of the other hand.
    this.amiss = []; // Those that were due when another key came.
    this.unsure = false;
  }

  /** What the waiting page is told. */
  shown(told, piece) {
    if (told.rounds !== this.rounds && !told.ended) this.clear();
    if (this.step !== null && this.step !== told.step) this.pass();
    Object.assign(this, { step: told.step, rounds: told.rounds, unsure: told.unsure.length > 0 });
    Object.assign(this, { now: told.due_elements, beside: told.beside_elements, done: told.right_elements });
    this.amiss = piece.at(told.beat, told.wrong.map((one) => one.asked)).map((note) => note.element);
    if (told.ended) this.pass();
  }

  /** The step that was shown is over: its notes were right, some of them after another key. */
  pass() {
    for (const element of [...this.done, ...this.now]) this.past.set(element, this.amiss.includes(element) ? "after" : "right");
    this.leave();
  }

  /** What is due first, before one plays. */
  preview({ due, beside }) {
    this.clear();
    Object.assign(this, { now: due, beside });
  }

  /** Where the player is, with the beat or free. */
  position(told) {
    this.now = told.elements ?? [];
  }

  /** What was said of a note. */
  verdict(told) {
    if (!(told.what in SHAPES)) return;
    for (const element of told.elements ?? []) {
      const before = this.past.get(element);
      if (RANK.indexOf(told.what) >= RANK.indexOf(before)) this.past.set(element, told.what);
    }
  }

  /** All marks: [element, kind, shape]. */
  list() {
    const here = new Set([...this.now, ...this.done]);
    const waits = (element) => (this.amiss.includes(element) ? "✗" : this.unsure ? "?" : "▼");
    const past = [...this.past].filter(([element]) => !here.has(element));
    return [
      ...past.map(([element, kind]) => [element, kind, SHAPES[kind]]),
      ...this.beside.map((element) => [element, "beside", "◇"]),
      ...this.done.map((element) => [element, "right", "✓"]),
      ...this.now.map((element) => [element, "now", waits(element)]),
    ];
  }
}
