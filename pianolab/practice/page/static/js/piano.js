// Where the 88 keys lie. pianolab/live/js/piano.js says the same of the live page; a test holds both.

export const LOW = 21; // MIDI number of A0
export const HIGH = 108; // C8
const WHITE = { w: 20, h: 130 };
const BLACK = { w: 12, h: 84 };
const BLACK_STEPS = [1, 3, 6, 8, 10]; // semitones above C

export const HEIGHT = WHITE.h;
export const MIDIS = Array.from({ length: HIGH - LOW + 1 }, (_, i) => LOW + i);
export const isBlack = (midi) => BLACK_STEPS.includes(midi % 12);
const WHITES_BELOW = new Map(MIDIS.map((midi, i) => [midi, MIDIS.slice(0, i).filter((m) => !isBlack(m)).length]));

/** Left edge, width and height of a key. A black key stands centred on the edge of two white ones. */
export function keyBox(midi) {
  const left = WHITES_BELOW.get(midi) * WHITE.w;
  return isBlack(midi) ? { x: left - BLACK.w / 2, ...BLACK } : { x: left, ...WHITE };
}

/**
 * The part of the keyboard that is shown: from a C to a B around these keys, with a key beside them and at least so many octaves.
 * @param {number[]} midis Keys that a piece needs; none shows all 88.
 * @returns {{low: number, high: number, left: number, width: number}} `left` and `width` in the units of `keyBox`.
 */
export function part(midis, octaves = 3) {
  if (!midis.length) return within(LOW, HIGH);
  let low = 12 * Math.floor((Math.min(...midis) - 1) / 12);
  let high = 12 * Math.floor((Math.max(...midis) + 1) / 12) + 11;
  for (let up = true; high - low + 1 < 12 * octaves; up = !up) {
    if ((up && high < HIGH) || low <= LOW) high += 12;
    else low -= 12;
  }
  return within(Math.max(LOW, low), Math.min(HIGH, high));
}

function within(low, high) {
  const left = keyBox(low).x;
  const last = keyBox(high);
  return { low, high, left, width: last.x + last.w - left };
}

/** Where the middle of a key is, as a share of the part's width; keys beyond it stand at its edge. */
export function centre(midi, { low, high, left, width }) {
  const { x, w } = keyBox(Math.min(high, Math.max(low, midi)));
  return (x + w / 2 - left) / width;
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
