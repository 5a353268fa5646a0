// A trial: how far one has come while playing, and what is counted afterwards.

import assert from "node:assert/strict";
import test from "node:test";
import { Progress } from "../progress.js";
import { counted } from "../verdicts.js";

const notes = (...groups) => groups.flatMap((midis, beat) => midis.map((midi) => ({ midi, onset_s: beat })));

test("notes are done one after the other", () => {
  const progress = new Progress(notes([60], [62], [64]));
  assert.deepEqual([60, 62, 64].map((midi) => progress.strike(midi)), [0, 1, 2]);
  assert.ok(progress.hasDone(0, 3));
  assert.equal(progress.strike(60), -1);
});

test("a wrong key changes nothing", () => {
  const progress = new Progress(notes([60], [62]));
  assert.equal(progress.strike(62), -1);
  assert.ok(progress.isNext(0, 1));
});

test("keys of a chord may come in any order, each once", () => {
  const progress = new Progress(notes([60, 64, 67], [62]));
  assert.deepEqual([67, 67, 60].map((midi) => progress.strike(midi)), [2, -1, 0]);
  assert.ok(progress.isNext(0, 3));
  assert.ok(!progress.hasDone(0, 3));
  progress.strike(64);
  assert.ok(progress.hasDone(0, 3));
  assert.ok(progress.isNext(3, 1));
});

test("a key that is asked for twice is done twice", () => {
  const progress = new Progress(notes([60], [60]));
  assert.deepEqual([60, 60, 60].map((midi) => progress.strike(midi)), [0, 1, -1]);
});

test("nothing asked, nothing done", () => {
  assert.equal(new Progress([]).strike(60), -1);
});

test("late and early keys are right, extra ones were not asked for", () => {
  const verdicts = ["right", "right", "late", "early", "wrong", "missing", "extra"].map((what) => ({ what }));
  assert.deepEqual(counted(verdicts), { n: 6, right: 4, in_time: 2 });
  assert.deepEqual(counted([]), { n: 0, right: 0, in_time: 0 });
});
