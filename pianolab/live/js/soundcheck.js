// Does the page hear the piano, and is it loud enough? What is said of it before the first take; nothing to see here.

export const CHECK_KEY = 60; // middle C
const FULL = 0.999; // from here on the sound is clipped
const FAINT = 0.01; // a peak of −40 dBFS: detectors still hear it in a silent room only
const NOTHING = 0.002; // −54 dBFS: no louder than a room in which nobody plays
const PATIENCE_S = 4; // without a note for so long, the player is told what may be wrong
const STROKE_S = 1; // the loudest of a stroke comes within this time
const HOLD = 0.98; // the loudest so far falls by this factor with every message, to a half in less than a second

export class SoundCheck {
  constructor() {
    this.state = "offered"; // offered, asking, heard or closed
  }

  begin() {
    Object.assign(this, { state: "asking", last: null, top: 0, seconds: 0 });
  }

  close() {
    this.state = "closed";
  }

  /** @param {number} peak The loudest sample of the last sound, in [0, 1]. @param {number} seconds Heard so far. */
  loud(peak, seconds) {
    this.seconds = seconds;
    this.top = Math.max(peak, HOLD * this.top);
    if (this.last && seconds - this.last.seconds < STROKE_S) this.last.peak = Math.max(peak, this.last.peak);
  }

  /** A key was heard; once middle C was, the check has done what it can, and every later stroke of it is judged anew. */
  struck(midi, confidence) {
    if (this.state === "asking" || midi === CHECK_KEY) this.last = { midi, confidence, peak: this.top, seconds: this.seconds };
    if (midi === CHECK_KEY) this.state = "heard";
  }

  get level() {
    return this.last.peak >= FULL ? "clipped" : this.last.peak < FAINT ? "faint" : "good";
  }

  /**
   * What to say now, as the last parts of the keys of texts, with their values.
   * @param {function(number): string} nameOf
   * @returns {Array<[string, Object]>}
   */
  says(nameOf) {
    const key = { name: nameOf(CHECK_KEY) };
    if (this.state === "offered") return [["offer", {}]];
    if (this.state === "heard") {
      const percent = Math.round(100 * this.last.confidence);
      return [["heard", { ...key, percent }], [`level_${this.level}`, {}]];
    }
    if (this.state !== "asking") return [];
    if (this.last) return [["other", { heard: nameOf(this.last.midi) }], ["play", key]];
    if (this.seconds < PATIENCE_S) return [["play", key]];
    return [["play", key], [this.top < NOTHING ? "nothing" : "no_note", {}]];
  }
}
