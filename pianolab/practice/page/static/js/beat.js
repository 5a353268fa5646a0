// Where the beat is at any time: the same rules as `Metronome` in pianolab/practice/modes.py; a test holds both over a table.

export const SLOWEST = 0.3;
export const FASTEST = 2; // Share of the tempo that can be chosen.
export const FLASH_EVERY_S = 1 / 3;
export const FLASH_S = 0.1;
const SLOWEST_BPM = 10;
const FASTEST_BPM = 400;
const SAME = 1e-9;

const rises = (edges) => edges.every((edge, i) => Number.isFinite(edge) && (!i || edge > edges[i - 1]));
const within = (x, low, high) => x >= low && x <= high;

function refuse({ edges, last, firstBar, beatsAMinute, tempo, beat }) {
  if (edges.length < 2 || !rises(edges)) throw new RangeError("bars do not follow each other");
  const isThere = firstBar >= 0 && firstBar <= last && last < edges.length - 1;
  if (!isThere) throw new RangeError(`there is no passage from bar ${firstBar} to ${last}`);
  if (!within(beatsAMinute, SLOWEST_BPM, FASTEST_BPM)) throw new RangeError(`${beatsAMinute} beats a minute is no tempo`);
  if (!within(tempo, SLOWEST, FASTEST)) throw new RangeError(`${tempo} is no share of the tempo`);
  if (!(Number.isFinite(beat) && beat > 0)) throw new RangeError(`${beat} quarter notes cannot be counted`);
}

export class Metronome {
  /**
   * One bar is counted in, then comes the passage, once or again and again.
   * @param {{bars: number[], end: number, beatsAMinute: number, tempo?: number, beat?: number, firstBar?: number,
   *   lastBar?: ?number, loop?: boolean}} given Bars and end in quarter notes, in the order of playing; quarter notes a
   *   minute as written; `tempo` a share of that; `beat` what is counted, in quarter notes.
   */
  constructor({ bars, end, beatsAMinute, tempo = 1, beat = 1, firstBar = 0, lastBar = null, loop = false }) {
    const edges = [...bars, end];
    const last = lastBar ?? bars.length - 1;
    refuse({ edges, last, firstBar, beatsAMinute, tempo, beat });
    Object.assign(this, { loop, beat, firstBar });
    this.quarterS = 60 / (beatsAMinute * tempo);
    this.edges = edges.slice(firstBar, last + 2);
    [this.begin, this.end] = [this.edges[0], this.edges.at(-1)];
    const lengths = edges.slice(1).map((edge, i) => edge - edges[i]);
    const pickup = firstBar === 0 && lengths.length > 1 && lengths[0] < lengths[1] ? 1 : 0; // A pickup is no whole bar.
    this.countInS = lengths[firstBar + pickup] * this.quarterS;
    this.roundS = (this.end - this.begin) * this.quarterS;
    this.flashesIn = this.flashes([0], this.countInS);
    this.flashesRound = this.flashes(this.edges.slice(0, -1).map((edge) => (edge - this.begin) * this.quarterS), this.roundS);
  }

  /**
   * @param {number} timeS Seconds since the count-in began.
   * @returns {{beat: number, bar: number, count: number, share: number, countingIn: boolean, flash: boolean, rounds: number,
   *   ended: boolean}}
   */
  at(timeS) {
    const sinceS = Math.max(0, timeS) - this.countInS;
    if (sinceS < 0) {
      return this.told(this.begin + sinceS / this.quarterS, sinceS + this.countInS, this.flashesIn, { countingIn: true, rounds: 0 });
    }
    const rounds = Math.floor(sinceS / this.roundS + SAME);
    if (rounds && !this.loop) {
      const bar = this.firstBar + this.edges.length - 2;
      return { beat: this.end, bar, count: 0, share: 0, countingIn: false, flash: false, rounds: 1, ended: true };
    }
    const insideS = Math.max(0, sinceS - rounds * this.roundS);
    return this.told(this.begin + insideS / this.quarterS, insideS, this.flashesRound, { countingIn: false, rounds });
  }

  /** Seconds since the count-in began at which a place of the passage is reached first. */
  timeOf(beat) {
    return this.countInS + (beat - this.begin) * this.quarterS;
  }

  /** How many counts a bar has; one that is not whole counts as begun. */
  countsOf(bar) {
    const at = Math.min(Math.max(0, bar - this.firstBar), this.edges.length - 2);
    return Math.ceil((this.edges[at + 1] - this.edges[at]) / this.beat - SAME);
  }

  /** How many counts are counted in. */
  get countsIn() {
    return Math.ceil(this.countInS / (this.beat * this.quarterS) - SAME);
  }

  told(beat, passedS, flashes, { countingIn, rounds }) {
    let bar = 0;
    let intoBar = passedS / this.quarterS;
    if (!countingIn) {
      bar = this.edges.slice(0, -1).filter((edge) => edge <= beat + SAME).length - 1;
      intoBar = Math.max(0, beat - this.edges[bar]);
    }
    const counted = intoBar / this.beat + SAME;
    const count = Math.floor(counted);
    const flash = flashes.some((on) => on <= passedS + SAME && passedS + SAME < on + FLASH_S);
    const share = Math.max(0, counted - count - SAME);
    return { beat, bar: this.firstBar + bar, count, share, countingIn, flash, rounds, ended: false };
  }

  /** When light goes on in a piece of time that may begin again: far enough apart, and from its end. */
  flashes(begun, lengthS) {
    const beatS = this.beat * this.quarterS;
    const flashes = [];
    begun.forEach((beginS, i) => {
      const endS = begun[i + 1] ?? lengthS;
      const step = beginS + beatS - beginS; // As numpy.arange counts, to the last digit.
      for (let k = 0; k < Math.ceil((endS - SAME - beginS) / beatS); k++) {
        const onS = beginS + k * step;
        const far = !flashes.length || onS - flashes.at(-1) >= FLASH_EVERY_S - SAME;
        if (far && lengthS - onS >= FLASH_EVERY_S - SAME) flashes.push(onS);
      }
    });
    return flashes;
  }
}
