// The 88 keys: where each lies, what it is called, and at which frequency it sounds.

export const LOW = 21; // MIDI number of A0
export const KEYS = 88;
export const WIDTH = 1040; // of the keyboard in its own units: 52 white keys of 20
const WHITE = { w: 20, h: 130 };
const BLACK = { w: 12, h: 84 };
const BLACK_STEPS = [1, 3, 6, 8, 10]; // semitones above C

export const MIDIS = Array.from({ length: KEYS }, (_, i) => LOW + i);
export const isBlack = (midi) => BLACK_STEPS.includes(midi % 12);
const WHITES_BELOW = new Map(MIDIS.map((midi, i) => [midi, MIDIS.slice(0, i).filter((m) => !isBlack(m)).length]));

/** Left edge, width and height of a key. A black key stands centred on the edge of two white ones. */
export function keyBox(midi) {
  const left = WHITES_BELOW.get(midi) * WHITE.w;
  return isBlack(midi) ? { x: left - BLACK.w / 2, ...BLACK } : { x: left, ...WHITE };
}

/** Where the middle of a key is, as a share of the keyboard's width. */
export function keyCentre(midi) {
  const { x, w } = keyBox(midi);
  return (x + w / 2) / WIDTH;
}

/** Where the bars of strength stand: in a strip in front of the keys, so that none covers a lit key. */
export const STRIP = { top: WHITE.h + 4, height: 16, bar: 8 }; // Neighbouring keys are 10 apart.

/** The bar of a key that sounds so strongly. */
export function levelBar(midi, strength) {
  const height = STRIP.height * Math.min(1, Math.max(0, strength));
  return { x: keyCentre(midi) * WIDTH - STRIP.bar / 2, y: STRIP.top + STRIP.height - height, height };
}

/** The lowest row with room for each pin, given the pins' left and right edges from the left to the right. */
export function pinRows(edges, gap = 3) {
  const ends = [];
  return edges.map(({ left, right }) => {
    let row = ends.findIndex((end) => end + gap < left);
    if (row < 0) row = ends.length;
    ends[row] = right;
    return row;
  });
}

/** The C of every octave. */
export const OCTAVES = MIDIS.filter((midi) => midi % 12 === 0);

/** Equal-tempered frequency in Hz. */
export const keyHz = (midi, a4Hz = 440) => a4Hz * 2 ** ((midi - 69) / 12);

/** Note names in the style that the player chose: `C4`, `Do` or `도`. */
export class Names {
  constructor() {
    this.style = "C4";
    this.tables = { C4: ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"] };
    this.of = (midi) => `${this.tables[this.style][midi % 12]}${Math.floor(midi / 12) - 1}`;
  }

  /** Use the kernel's tables; a style that they lack becomes the first of them. */
  learn(tables) {
    this.tables = tables;
    if (!(this.style in tables)) [this.style] = Object.keys(tables);
  }

  /** The first letters of a style, as the player chooses it. */
  sample(style) {
    return [0, 2, 4].map((step) => `${this.tables[style][step]}4`).join(", ");
  }
}

/** A number with its sign, which is a true minus: +3, −12. What is rounded to nothing is +0. */
export const signed = (x, digits = 0) => {
  const size = Math.abs(x).toFixed(digits);
  return (x < 0 && Number(size) ? "−" : "+") + size;
};
