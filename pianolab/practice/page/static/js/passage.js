// Which bars are practised: chosen by dragging over them, by arrow keys, or by their numbers. No document is needed here.

/** The nearest whole number in a range. */
export const within = (number, least, most) => Math.max(least, Math.min(most, Math.round(number)));

/**
 * The passage between two bars on the page.
 * @param {{element: string}[]} bars In the order of playing; one that is repeated comes again, with the same element.
 * @param {string} from The element of a bar, @param {string} to and of another one; in any order.
 * @returns {{first: number, last: number}|null} Indexes of the first time that they are played one after the other.
 */
export function between(bars, from, to) {
  const a = bars.findIndex((bar) => bar.element === from);
  const b = bars.findIndex((bar) => bar.element === to);
  if (a < 0 || b < 0) return null;
  return { first: Math.min(a, b), last: Math.max(a, b) };
}

/**
 * What a key on the keyboard does with a passage. The end that moves is the one that was moved last.
 * @param {{first: number, last: number, moving?: "first"|"last"}} passage
 * @param {{key: string, shift: boolean}} pressed
 * @param {number} n How many bars there are.
 * @returns {object|null} The new passage; null if the key has no meaning here.
 */
export function pressed(passage, { key, shift }, n) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (key === "Escape") return { first: 0, last: n - 1, moving: "last" };
  if (key === "Home" || key === "End") return edge(passage, key === "Home" ? 0 : n - 1, shift);
  if (!step) return null;
  if (!shift) {
    const whole = passage.first === 0 && passage.last === n - 1;
    const to = whole ? (step > 0 ? 0 : n - 1) : within((step > 0 ? passage.last : passage.first) + step, 0, n - 1);
    return { first: to, last: to, moving: "last" };
  }
  const fixed = passage.moving === "first" ? passage.last : passage.first;
  const end = within((passage.moving === "first" ? passage.first : passage.last) + step, 0, n - 1);
  return spanned(fixed, end);
}

function edge(passage, to, shift) {
  if (!shift) return { first: to, last: to, moving: "last" };
  return spanned(passage.moving === "first" ? passage.last : passage.first, to);
}

function spanned(fixed, end) {
  return end < fixed ? { first: end, last: fixed, moving: "first" } : { first: fixed, last: end, moving: "last" };
}

/**
 * Which bar lies under a place of the page, or nearest to it in its line.
 * @param {{element: string, left: number, right: number, top: number, bottom: number}[]} boxes
 * @returns {string|null} Its element.
 */
export function barUnder(boxes, x, y) {
  const beside = (box) => Math.max(box.top - y, 0, y - box.bottom) * 1000 + Math.max(box.left - x, 0, x - box.right);
  return boxes.reduce((best, box) => (best === null || beside(box) < beside(best) ? box : best), null)?.element ?? null;
}

/** Boxes of the bars of a passage, joined where they stand in one line. */
export function lines(boxes) {
  const joined = [];
  for (const box of boxes) {
    const last = joined.at(-1);
    if (last && Math.abs(last.top - box.top) < 5 && box.left <= last.right + 5 && box.right >= last.right) last.right = box.right;
    else joined.push({ ...box });
  }
  return joined;
}
