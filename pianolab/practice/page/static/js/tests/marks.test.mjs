// What is marked on the keyboard: one mark a key, with signs that differ without colour.

import assert from "node:assert/strict";
import test from "node:test";
import { KINDS, inWords, marksOf } from "../marks.js";
import { noteName } from "../names.js";
import { HIGH, LOW, centre, part } from "../piano.js";

test("kinds differ by their sign and by their shape", () => {
  for (const what of ["sign", "shape"]) {
    const all = Object.values(KINDS).map((kind) => kind[what]);
    assert.equal(new Set(all).size, all.length);
  }
});

test("keys are marked from the low to the high, with finger, and an arrow from a wrong key to the asked one", () => {
  const marks = marksOf({ due: [64, 60], fingers: { 60: 1 }, right: [67], wrong: [{ midi: 58, asked: 60, semitones: 2 }], beside: [48] });
  assert.deepEqual(marks.map(({ midi, kind, finger, arrow }) => [midi, kind, finger, arrow]), [
    [48, "beside", null, ""], [58, "wrong", null, "→"], [60, "due", 1, ""], [64, "due", null, ""], [67, "right", null, ""],
  ]);
  assert.equal(marksOf({ wrong: [{ midi: 66, asked: 64, semitones: -2 }] })[0].arrow, "←");
});

test("a key has one mark: wrong before right before due before not sure before the other hand", () => {
  const all = { wrong: [{ midi: 60, asked: 62, semitones: 2 }], right: [60, 61], due: [61, 62], unsure: [62, 63], beside: [63, 64] };
  assert.deepEqual(marksOf(all).map(({ kind }) => kind), ["wrong", "right", "due", "unsure", "beside"]);
});

test("of two wrong strokes of a key the newer one says where to go", () => {
  const wrong = [{ midi: 61, asked: 60, semitones: -1 }, { midi: 61, asked: 62, semitones: 1 }];
  assert.deepEqual(marksOf({ wrong }).map(({ asked, arrow }) => [asked, arrow]), [[62, "→"]]);
});

test("the keyboard is told in words, in the player's names, what matters most first", () => {
  const say = (key, { keys } = {}) => `${key}=${keys ?? ""}`;
  const marks = marksOf({ due: [62], right: [60], beside: [48] });
  assert.equal(inWords(marks, say, (midi) => noteName(midi, "도")), "keys.right=도4 keys.due=레4 keys.beside=도3");
  assert.equal(inWords([], say, noteName), "keys.none=");
});

test("the shown part holds every key of the piece, begins at a C, and is has three octaves where the piano has them", () => {
  for (const midis of [[60], [60, 67], [36, 84], [21, 108], [47, 72], [106]]) {
    const { low, high } = part(midis);
    assert.ok(low <= Math.min(...midis) && high >= Math.max(...midis));
    assert.ok(low === LOW || low % 12 === 0);
    assert.ok(high - low + 1 >= 36 - 11, `${low} ${high}`);
  }
  for (const midis of [[60], [60, 67], [47, 72]]) {
    const { low, high } = part(midis);
    assert.ok(high - low + 1 >= 36);
  }
  assert.deepEqual([part([]).low, part([]).high], [LOW, HIGH]);
});

test("keys stand from the left to the right in the part, and what lies beyond stands at its edge", () => {
  const shown = part([60, 67]);
  const at = [60, 61, 62, 67].map((midi) => centre(midi, shown));
  at.slice(1).forEach((x, i) => assert.ok(x > at[i]));
  assert.equal(centre(21, shown), centre(shown.low, shown));
});
