// How far a player has come in a prompt, while playing: what was right, what was wrong, and what is next.
// A wrong key takes the place of the note that was asked for, and the prompt goes on. The asked key behind it mends that.
// If the next two notes of the prompt were struck instead, one was left out.

const TOGETHER_S = 0.06; // notes so near to each other are struck together, in any order
const SURE = 0.95; // An octave of a right key that is heard with it, less surely than this, may be a ghost: it is no mistake.

export class Progress {
  /** @param {{midi: number, onset_s: number}[]} notes What is asked for, in time. */
  constructor(notes) {
    this.notes = notes;
    this.states = notes.map(() => "open"); // or done, wrong, left (out)
    this.heard = notes.map(() => null); // the wrong key that was struck in its place
    this.expected = 0; // number of the first note that is still to come
    this.wrong = -1; // number of the note that was just played wrong
    this.right = []; // what was struck and right: {midi, time_s}
  }

  /**
   * A key was struck.
   * @param {number} midi
   * @param {?number} note The number of the stroke, by which it may be given another key.
   * @param {{time_s: number, confidence: number}} how When, and how sure that is.
   * @returns {{what: string, i: number}} What it was (right, wrong, octave, again, extra or perhaps), and the number of the
   *   note that it plays, or -1.
   */
  strike(midi, note = null, how = { time_s: 0, confidence: 1 }) {
    const told = this.place(midi, note, how);
    if (told.what === "right") this.right.push({ midi, time_s: how.time_s });
    return told;
  }

  place(midi, note, how) {
    const { expected, wrong: before } = this;
    this.latest = { note, how, states: [...this.states], heard: [...this.heard], expected, wrong: before };
    const right = this.find(midi, this.expected);
    if (right < 0 && this.mayBeGhost(midi, how)) return { what: "perhaps", i: -1 };
    this.wrong = -1;
    if (right >= 0) return this.settle(right, "done", "right");
    if (this.notes[before]?.midi === midi) return this.settle(before, "done", "right");
    if (before >= 0 && this.skipped(before, midi)) return this.settle(this.find(midi, this.expected), "done", "right");
    if (this.last().some((i) => (this.heard[i] ?? this.notes[i].midi) === midi)) {
      this.wrong = before;
      return { what: "again", i: -1 };
    }
    const [nearest] = this.open(this.group(this.expected)).sort((a, b) => this.far(a, midi) - this.far(b, midi));
    if (nearest === undefined) return { what: "extra", i: -1 };
    this.heard[nearest] = midi;
    this.wrong = nearest;
    return this.settle(nearest, "wrong", this.far(nearest, midi) % 12 ? "wrong" : "octave");
  }

  /** The last stroke turned out to be of another key: what it was then, or null if it was not the last. */
  revise(midi, note) {
    if (note === null || this.latest?.note !== note) return null;
    const { states, heard, expected, wrong, how } = this.latest;
    Object.assign(this, { states, heard, expected, wrong });
    return this.strike(midi, note, how);
  }

  /** As pianolab/live/verdicts.py tells it of a whole take. */
  mayBeGhost(midi, { time_s: time, confidence }) {
    const octave = (one) => one.midi !== midi && (one.midi - midi) % 12 === 0 && Math.abs(one.time_s - time) <= TOGETHER_S;
    return confidence < SURE && this.right.some(octave);
  }

  /** Whether the wrong key in place of note `i` was the note behind it, and this key goes on there. */
  skipped(i, midi) {
    const played = this.find(this.heard[i], this.expected);
    const behind = this.group(this.expected).at(-1) + 1;
    if (played < 0 || this.find(midi, behind) < 0) return false;
    this.states[i] = "left";
    this.settle(played, "done");
    this.expected = behind;
    return true;
  }

  settle(i, state, what) {
    this.states[i] = state;
    if (state === "done") this.heard[i] = null;
    while (this.expected < this.notes.length && this.states[this.expected] !== "open") this.expected++;
    return { what, i };
  }

  /** The number of the open note of this key among those that are struck with note number `at`; -1 if there is none. */
  find(midi, at) {
    return this.open(this.group(at)).find((i) => this.notes[i].midi === midi) ?? -1;
  }

  /** Numbers of the notes that are struck together with note number `i`. */
  group(i) {
    if (i >= this.notes.length) return [];
    const { onset_s: onset } = this.notes[i];
    return this.notes.flatMap((note, k) => (Math.abs(note.onset_s - onset) < TOGETHER_S ? [k] : []));
  }

  open(group) {
    return group.filter((i) => this.states[i] === "open");
  }

  /** Numbers of the group that was played last. */
  last() {
    const played = this.states.findLastIndex((state) => state !== "open");
    return played < 0 ? [] : this.group(played).filter((i) => ["done", "wrong"].includes(this.states[i]));
  }

  far(i, midi) {
    return Math.abs(this.notes[i].midi - midi);
  }

  /** Whether all of the `n` notes from number `first` on are done. */
  hasDone(first, n) {
    return this.states.slice(first, first + n).every((state) => state === "done");
  }

  /** Whether one of them is the next to play. */
  isNext(first, n) {
    return this.expected >= first && this.expected < first + n;
  }
}
