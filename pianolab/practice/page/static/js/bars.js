// Choosing a passage on the score: drag over its bars, or walk with the arrow keys and Shift.

import { barUnder, between, pressed } from "./passage.js";

const MOVED = 6; // Pixels: less is a click.

/**
 * @param {HTMLElement} root The score's element, which can hold the focus.
 * @param {object} score As of score.js.
 * @param {{get: function(): object, set: function(object, boolean), playing: function(): boolean}} passage
 */
export function mount(root, score, passage) {
  let from = null;
  let begun = null;

  const under = ({ clientX, clientY }) => {
    const frame = score.pages.getBoundingClientRect();
    return barUnder(score.bars(), clientX - frame.left, clientY - frame.top);
  };
  const chosen = (event) => between(score.piece.bars, from, under(event) ?? from);

  root.addEventListener("pointerdown", (event) => {
    if (!score.piece || event.button !== 0 || !score.pages.contains(event.target)) return;
    from = event.shiftKey ? score.piece.elementOfBar[passage.get().first] : under(event);
    begun = event;
  });
  root.addEventListener("pointermove", (event) => {
    if (!from || Math.hypot(event.clientX - begun.clientX, event.clientY - begun.clientY) < MOVED) return;
    if (!root.hasPointerCapture(event.pointerId)) root.setPointerCapture(event.pointerId);
    const now = chosen(event);
    if (now) score.choose(now);
  });
  root.addEventListener("pointerup", (event) => {
    if (!from) return;
    const dragged = root.hasPointerCapture(event.pointerId);
    const now = chosen(event);
    from = null;
    if (now && (dragged || !passage.playing())) passage.set({ ...now, moving: "last" }, dragged); // A click while one plays is an accident.
  });
  root.addEventListener("pointercancel", () => {
    from = null;
    score.choose(passage.get());
  });
  root.addEventListener("keydown", (event) => {
    if (!score.piece || event.ctrlKey || event.metaKey || event.altKey) return;
    const now = pressed(passage.get(), { key: event.key, shift: event.shiftKey }, score.piece.bars.length);
    if (!now) return;
    event.preventDefault();
    passage.set(now, event.shiftKey);
  });
}
