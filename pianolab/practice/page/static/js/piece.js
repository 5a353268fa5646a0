// A piece as the page knows it: which notes and bars it has, and which of them stand where on the page.

const SAME = 1e-6; // Quarter notes.

/** A score as the server gives it, with what is looked up in it. */
export class Piece {
  /** @param {{title: string, notes: Object[], bars: Object[], beats: number,
   *   seconds: number}} score */
  constructor(score) {
    Object.assign(this, { title: score.title, notes: score.notes, bars: score.bars, beats: score.beats });
    this.beatsAMinute = score.seconds > 0 ? 60 * score.beats / score.seconds : 60; // Quarter notes, as written.
    this.elementOfBar = score.bars.map((bar) => bar.element);
    this.byElement = new Map(score.notes.map((note) => [note.element, note]));
  }

  /** The index of the bar, in the order of playing, in which a beat lies. */
  barAt(beat) {
    let found = 0;
    this.bars.forEach((bar, i) => { if (bar.onset_beats <= beat + SAME) found = i; });
    return found;
  }

  /** Where a bar ends, in quarter notes. */
  endOf(index) {
    return index + 1 < this.bars.length ? this.bars[index + 1].onset_beats : this.beats;
  }

  /** The notes that begin in these bars, of one hand or of "both". */
  inside(first, last, hands = "both") {
    const begin = this.bars[first].onset_beats - SAME;
    const end = this.endOf(last) - SAME;
    return this.notes.filter((note) => note.onset_beats >= begin && note.onset_beats < end && (hands === "both" || note.hand === hands));
  }

  /** The notes that begin at a beat; of these keys, if they are given. */
  at(beat, keys = null) {
    return this.notes.filter((note) => Math.abs(note.onset_beats - beat) < SAME && (!keys || keys.includes(note.midi)));
  }

  /** Which hands have notes. */
  hands() {
    return ["right", "left"].filter((hand) => this.notes.some((note) => note.hand === hand));
  }

  /** What stands on the page as the number of a bar, with its passage where a repeat brings it again. */
  nameOf(index) {
    const { number, passage } = this.bars[index];
    return passage > 1 ? `${number} (${passage})` : number;
  }
}
