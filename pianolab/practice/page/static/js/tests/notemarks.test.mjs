// Marks on the notes: a shape for what is due, what was right, and what was not.

import assert from "node:assert/strict";
import test from "node:test";
import { Marks } from "../notemarks.js";
import { Piece } from "../piece.js";

const note = (element, midi, beat, hand = "right") => ({ element, midi, onset_beats: beat, offset_beats: beat + 1, hand, finger: null });
const bar = (element, beat, passage = 1) => ({ number: element, element, passage, onset_beats: beat, onset_s: beat });
const PIECE = new Piece({
  title: "t", beats: 8, seconds: 4, bars: [bar("1", 0), bar("2", 4)],
  notes: [note("a", 60, 0), note("b", 64, 0), note("c", 62, 1), note("l", 48, 0, "left"), note("d", 65, 4)],
});
const WRONG = { midi: 61, asked: 60, semitones: -1, said: "!" };

const shown = (step, beat, more = {}) => ({
  type: "shown", step, beat, due: [], due_elements: [], right: [], right_elements: [], wrong: [], unsure: [], beside: [], beside_elements: [],
  rounds: 0, ended: false, ...more,
});
const list = (marks) => marks.list().map((mark) => mark.join(" ")).sort();

test("what is due is marked, what was right of it too, and the other hand in its own shape", () => {
  const marks = new Marks();
  marks.shown(shown(0, 0, { due: [64], due_elements: ["b"], right: [60], right_elements: ["a"], beside_elements: ["l"] }), PIECE);
  assert.deepEqual(list(marks), ["a right ✓", "b now ▼", "l beside ◇"]);
});

test("a wrong key is marked at the note that was asked for, which is told apart when it was found", () => {
  const marks = new Marks();
  marks.shown(shown(0, 0, { due: [60, 64], due_elements: ["a", "b"], wrong: [WRONG] }), PIECE);
  assert.deepEqual(list(marks), ["a now ✗", "b now ▼"]);
  marks.shown(shown(1, 1, { due: [62], due_elements: ["c"] }), PIECE);
  assert.deepEqual(list(marks), ["a after ✗✓", "b right ✓", "c now ▼"]);
});

test("a key that may have been heard falsely is a question and no mistake", () => {
  const marks = new Marks();
  marks.shown(shown(0, 0, { due: [60], due_elements: ["a"], unsure: [61] }), PIECE);
  assert.deepEqual(list(marks), ["a now ?"]);
});

test("another round begins without marks, the end keeps them", () => {
  const marks = new Marks();
  marks.shown(shown(0, 0, { due: [60], due_elements: ["a"] }), PIECE);
  marks.shown(shown(0, 0, { right_elements: ["a"], right: [60], rounds: 1, ended: true }), PIECE);
  assert.deepEqual(list(marks), ["a right ✓"]);
  marks.shown(shown(0, 0, { due: [60], due_elements: ["a"], rounds: 2 }), PIECE);
  assert.deepEqual(list(marks), ["a now ▼"]);
});

test("of two verdicts on a note the worse one stays; what is due now hides them", () => {
  const marks = new Marks();
  marks.verdict({ what: "wrong", elements: ["a"] });
  marks.verdict({ what: "right", elements: ["a"] });
  marks.verdict({ what: "uneven", elements: ["c"] });
  assert.deepEqual(list(marks), ["a wrong ✗"]);
  marks.position({ elements: ["a"] });
  assert.deepEqual(list(marks), ["a now ▼"]);
});

test("a piece knows its hands, its bars by their numbers, and what begins where", () => {
  assert.deepEqual(PIECE.hands(), ["right", "left"]);
  assert.deepEqual(PIECE.inside(0, 0, "left").map(({ element }) => element), ["l"]);
  assert.deepEqual(PIECE.inside(1, 1).map(({ element }) => element), ["d"]);
  assert.deepEqual(PIECE.at(0, [64]).map(({ element }) => element), ["b"]);
  assert.equal(PIECE.beatsAMinute, 120);
  const again = new Piece({ title: "", beats: 8, seconds: 8, notes: [], bars: [bar("1", 0), bar("1", 4, 2)] });
  assert.deepEqual([again.nameOf(0), again.nameOf(1)], ["1", "1 (2)"]);
});
