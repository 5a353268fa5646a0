// A trial: how far one has come while playing, and what is counted afterwards.

import assert from "node:assert/strict";
import test from "node:test";
import { Progress } from "../progress.js";
import { counted } from "../verdicts.js";

const notes = (...groups) => groups.flatMap((midis, beat) => midis.map((midi) => ({ midi, onset_s: beat })));

const whats = (progress, midis) => midis.map((midi) => progress.strike(midi).what);

test("notes are done one after the other", () => {
  const progress = new Progress(notes([60], [62], [64]));
  assert.deepEqual([60, 62, 64].map((midi) => progress.strike(midi)), [0, 1, 2].map((i) => ({ what: "right", i })));
  assert.ok(progress.hasDone(0, 3));
  assert.deepEqual(progress.strike(70), { what: "extra", i: -1 });
});

test("a wrong key shows at once, and the prompt goes on", () => {
  const progress = new Progress(notes([60], [62], [64]));
  assert.deepEqual(progress.strike(61), { what: "wrong", i: 0 });
  assert.equal(progress.heard[0], 61);
  assert.ok(progress.isNext(1, 1));
  assert.deepEqual(whats(progress, [62, 64]), ["right", "right"]);
  assert.deepEqual(progress.states, ["wrong", "done", "done"]);
});

test("the asked key behind a wrong one mends it", () => {
  const progress = new Progress(notes([60], [62], [64]));
  assert.deepEqual(whats(progress, [61, 60, 62, 64]), ["wrong", "right", "right", "right"]);
  assert.ok(progress.hasDone(0, 3));
});

test("an octave away has its name", () => {
  const progress = new Progress(notes([60], [62]));
  assert.deepEqual(whats(progress, [72, 62]), ["octave", "right"]);
});

test("of a note that was left out the next key says so, and no other is blamed", () => {
  const progress = new Progress(notes([60], [62], [64], [65], [67]));
  assert.deepEqual(whats(progress, [60, 64, 65, 67]), ["right", "wrong", "right", "right"]);
  assert.deepEqual(progress.states, ["done", "left", "done", "done", "done"]);
});

test("a wrong key that is the next note of a scale takes only one place", () => {
  const progress = new Progress(notes([60], [62], [64], [65]));
  assert.deepEqual(whats(progress, [60, 64, 64, 65]), ["right", "wrong", "right", "right"]);
  assert.deepEqual(progress.states, ["done", "wrong", "done", "done"]);
});

test("a key struck twice takes no other note's place", () => {
  const progress = new Progress(notes([60], [62]));
  assert.deepEqual(whats(progress, [60, 60, 62]), ["right", "again", "right"]);
});

test("a wrong key struck twice takes no other note's place either", () => {
  const progress = new Progress(notes([60], [62]));
  assert.deepEqual(whats(progress, [61, 61, 60, 62]), ["wrong", "again", "right", "right"]);
  assert.ok(progress.hasDone(0, 2));
});

test("keys of a chord may come in any order, each once", () => {
  const progress = new Progress(notes([60, 64, 67], [62]));
  assert.deepEqual(whats(progress, [67, 67, 60]), ["right", "again", "right"]);
  assert.ok(progress.isNext(0, 3));
  assert.ok(!progress.hasDone(0, 3));
  progress.strike(64);
  assert.ok(progress.hasDone(0, 3));
  assert.ok(progress.isNext(3, 1));
});

test("a wrong key of a chord stands for the nearest of its keys", () => {
  const progress = new Progress(notes([60, 64, 67], [62]));
  assert.deepEqual([60, 63, 67].map((midi) => progress.strike(midi).i), [0, 1, 2]);
  assert.deepEqual(progress.states, ["done", "wrong", "done", "open"]);
});

test("a key that is asked for twice is done twice", () => {
  const progress = new Progress(notes([60], [60]));
  assert.deepEqual(whats(progress, [60, 60, 60]), ["right", "right", "again"]);
});

test("a stroke that turns out to be of another key is judged anew, and only the last one", () => {
  const progress = new Progress(notes([60], [62], [64]));
  progress.strike(60, 1);
  assert.equal(progress.strike(74, 2).what, "octave");
  assert.equal(progress.revise(60, 1), null);
  assert.deepEqual(progress.revise(62, 2), { what: "right", i: 1 });
  assert.deepEqual(progress.states, ["done", "done", "open"]);
  assert.equal(progress.strike(64, 3).what, "right");
});

test("nothing asked, nothing done", () => {
  assert.deepEqual(new Progress([]).strike(60), { what: "extra", i: -1 });
});

test("an octave that is heard with a right key, but not surely, is no mistake; a sure one, a later one and another key are", () => {
  const at = (time_s, confidence) => ({ time_s, confidence });
  const played = (midi, how) => {
    const progress = new Progress(notes([60], [62], [64]));
    progress.strike(60, 1, at(1, 1));
    return progress.strike(midi, 2, how).what;
  };
  assert.equal(played(72, at(1.05, 0.6)), "perhaps");
  assert.equal(played(48, at(0.95, 0.94)), "perhaps");
  assert.equal(played(72, at(1.05, 0.96)), "wrong");
  assert.equal(played(72, at(1.2, 0.6)), "wrong");
  assert.equal(played(67, at(1.05, 0.6)), "wrong");
  assert.equal(played(74, at(1.05, 0.6)), "octave"); // That is the one which is asked for next, an octave off.
  const progress = new Progress(notes([60], [72], [64]));
  progress.strike(60, 1, at(1, 1));
  assert.equal(progress.strike(72, 2, at(1.05, 0.6)).what, "right"); // It is what is asked for next.
  progress.strike(76, 3, at(2, 0.9));
  assert.deepEqual(progress.revise(64, 3), { what: "right", i: 2 });
});

test("what a ghost takes the place of is still asked for", () => {
  const progress = new Progress(notes([60], [62]));
  progress.strike(60, 1, { time_s: 1, confidence: 1 });
  progress.strike(72, 2, { time_s: 1.02, confidence: 0.5 });
  assert.deepEqual(progress.strike(62, 3, { time_s: 2, confidence: 1 }), { what: "right", i: 1 });
});

test("late and early keys are right, extra and doubled ones were not asked for and are counted", () => {
  const kinds = ["right", "right", "late", "early", "wrong", "octave", "missing", "extra", "doubled", "perhaps"];
  assert.deepEqual(counted(kinds.map((what) => ({ what }))), { n: 7, right: 4, in_time: 2, extra: 2 });
  assert.deepEqual(counted([]), { n: 0, right: 0, in_time: 0, extra: 0 });
});
