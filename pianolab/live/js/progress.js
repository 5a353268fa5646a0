// How far a player has come in a prompt, while playing.

const TOGETHER_S = 0.06; // notes so near to each other are struck together, in any order

export class Progress {
  /** @param {{midi: number, onset_s: number}[]} notes What is asked for, in time. */
  constructor(notes) {
    this.notes = notes;
    this.done = notes.map(() => false);
    this.expected = 0; // number of the first note that is still to come
  }

  /** A key was struck. Returns the number of the note that it plays, or -1. */
  strike(midi) {
    const from = this.notes[this.expected]?.onset_s;
    for (let i = this.expected; i < this.notes.length && this.notes[i].onset_s - from < TOGETHER_S; i++) {
      if (this.notes[i].midi !== midi || this.done[i]) continue;
      this.done[i] = true;
      while (this.done[this.expected]) this.expected++;
      return i;
    }
    return -1;
  }

  /** Whether all of the `n` notes from number `first` on are done. */
  hasDone(first, n) {
    return this.done.slice(first, first + n).every(Boolean);
  }

  /** Whether one of them is the next to play. */
  isNext(first, n) {
    return this.expected >= first && this.expected < first + n;
  }
}
