// The metronome's picture without its drawing: a ball that goes from count to count, and is largest where a count begins.

export const WIDTH = 400;
export const HEIGHT = 90;
const GROUND = 58;
const RISE = 38; // how far the ball rises between two counts
export const RING = { first: 22, other: 15 };
const BALL = { first: 20, other: 14, smallest: 6 };

/** Where each count of a bar stands; the first one is larger. */
export const rings = (counts) => Array.from({ length: counts }, (_, i) => (
  { x: WIDTH * (i + 0.5) / counts, y: GROUND, r: Math.min(i ? RING.other : RING.first, 0.45 * WIDTH / counts) }));

/**
 * The ball at a moment.
 * @param {{count: number, share: number}} beat
 * @param {number} counts Of this bar.
 */
export function ball({ count, share }, counts) {
  const at = rings(counts)[Math.min(count, counts - 1)];
  const next = count + 1 < counts ? at.x + WIDTH / counts : at.x; // The last one rises on the spot, and comes down at the first.
  const largest = count ? BALL.other : BALL.first;
  const small = Math.sqrt(Math.min(1, share)); // It shrinks quickly, so that the beginning of a count is seen.
  return {
    x: at.x + (next - at.x) * share,
    y: GROUND - RISE * 4 * share * (1 - share),
    r: Math.min(at.r, largest) + (BALL.smallest - Math.min(at.r, largest)) * small,
  };
}
