// Which bars are practised: dragged over, and walked to.

import assert from "node:assert/strict";
import test from "node:test";
import { barUnder, between, lines, pressed } from "../passage.js";

const BARS = ["a", "b", "c", "b", "c", "d"].map((element) => ({ element })); // b and c are repeated.
const press = (passage, key, shift = false) => pressed(passage, { key, shift }, BARS.length);

test("a passage is what lies between two bars, dragged in any direction", () => {
  assert.deepEqual(between(BARS, "a", "c"), { first: 0, last: 2 });
  assert.deepEqual(between(BARS, "d", "b"), { first: 1, last: 5 });
  assert.deepEqual(between(BARS, "b", "b"), { first: 1, last: 1 });
  assert.equal(between(BARS, "b", "elsewhere"), null);
});

test("an arrow chooses one bar: from all bars the first one, then its neighbours", () => {
  const all = { first: 0, last: 5, moving: "last" };
  assert.deepEqual(press(all, "ArrowRight"), { first: 0, last: 0, moving: "last" });
  assert.deepEqual(press(all, "ArrowLeft"), { first: 5, last: 5, moving: "last" });
  assert.deepEqual(press({ first: 2, last: 3, moving: "last" }, "ArrowRight"), { first: 4, last: 4, moving: "last" });
  assert.deepEqual(press({ first: 0, last: 0, moving: "last" }, "ArrowLeft"), { first: 0, last: 0, moving: "last" });
});

test("with Shift a passage grows and shrinks at the end that was moved last, and may turn over", () => {
  let passage = { first: 2, last: 2, moving: "last" };
  passage = press(passage, "ArrowRight", true);
  assert.deepEqual(passage, { first: 2, last: 3, moving: "last" });
  passage = press(press(passage, "ArrowLeft", true), "ArrowLeft", true);
  assert.deepEqual(passage, { first: 1, last: 2, moving: "first" });
  assert.deepEqual(press(passage, "ArrowLeft", true), { first: 0, last: 2, moving: "first" });
  assert.deepEqual(press(passage, "End", true), { first: 2, last: 5, moving: "last" });
});

test("Escape chooses all, Home and End an outer bar, and other keys mean nothing", () => {
  const one = { first: 3, last: 3, moving: "last" };
  assert.deepEqual(press(one, "Escape"), { first: 0, last: 5, moving: "last" });
  assert.deepEqual(press(one, "Home"), { first: 0, last: 0, moving: "last" });
  assert.deepEqual(press(one, "End"), { first: 5, last: 5, moving: "last" });
  assert.equal(press(one, "Tab"), null);
});

const BOXES = [
  { element: "a", left: 0, right: 100, top: 0, bottom: 50 },
  { element: "b", left: 100, right: 200, top: 0, bottom: 50 },
  { element: "c", left: 0, right: 200, top: 100, bottom: 150 },
];

test("the bar under a place is the one there, or the nearest one of its line", () => {
  assert.equal(barUnder(BOXES, 150, 20), "b");
  assert.equal(barUnder(BOXES, 190, 110), "c");
  assert.equal(barUnder(BOXES, 400, 60), "b");
  assert.equal(barUnder([], 0, 0), null);
});

test("boxes of one line are joined", () => {
  assert.deepEqual(lines(BOXES).map(({ left, right, top }) => [left, right, top]), [[0, 200, 0], [0, 200, 100]]);
  assert.equal(BOXES[0].right, 100);
});
