// Which notes come due while the beat goes on: each one once, as it is passed, in each round of a loop.

const SAME = 1e-6; // quarter notes

export class Passing {
  /**
   * @param {{midi: number, onset_beats: number, hand: string}[]} notes Of the passage.
   * @param {"both"|"right"|"left"} hands Which are played.
   * @param {number} begin Where the passage begins, in quarter notes.
   */
  constructor(notes, hands, begin) {
    Object.assign(this, { notes, hands, begin });
    this.upto = begin - SAME;
  }

  /**
   * The keys of notes that begin between the last beat that was told and this one.
   * @returns {{own: number[], other: number[]}} Those of the hands that are played, and those of the other hand.
   */
  passed(beat) {
    const isBack = beat >= this.begin - SAME && beat < this.upto - 2 * SAME; // A loop begins again.
    const from = isBack ? this.begin - SAME : this.upto;
    const due = this.notes.filter(({ onset_beats: on }) => (on > from && on <= beat + SAME) || (isBack && on > this.upto));
    this.upto = Math.max(isBack ? -Infinity : this.upto, beat + SAME);
    const isOwn = ({ hand }) => this.hands === "both" || hand === this.hands;
    const keys = (notes) => notes.map(({ midi }) => midi);
    return { own: keys(due.filter(isOwn)), other: keys(due.filter((note) => !isOwn(note))) };
  }
}
