// Notes come due once as the beat passes them, in each round, and by hands.

import assert from "node:assert/strict";
import test from "node:test";
import { Passing } from "../passing.js";

const NOTES = [[60, 0, "right"], [48, 0, "left"], [62, 1, "right"], [50, 2, "left"]].map(([midi, on, hand]) => ({ midi, onset_beats: on, hand }));
const walk = (passing, beats) => beats.map((beat) => passing.passed(beat));

test("each note is due once, at whatever pace the frames come", () => {
  for (const step of [0.01, 0.3, 1]) {
    const passing = new Passing(NOTES, "both", 0);
    const beats = Array.from({ length: Math.ceil(3 / step) + 1 }, (_, i) => i * step - 0.5);
    assert.deepEqual(walk(passing, beats).flatMap(({ own }) => own), [60, 48, 62, 50]);
  }
});

test("while it is counted in nothing is due", () => {
  assert.deepEqual(walk(new Passing(NOTES, "both", 0), [-4, -0.1]), [{ own: [], other: [] }, { own: [], other: [] }]);
});

test("hands that are played and the other one are told apart", () => {
  const passing = new Passing(NOTES, "right", 0);
  assert.deepEqual(passing.passed(0), { own: [60], other: [48] });
  assert.deepEqual(passing.passed(2), { own: [62], other: [50] });
});

test("in a loop what begins the passage is due again, also where no frame came right there, and nothing is due twice", () => {
  const passing = new Passing([...NOTES, { midi: 65, onset_beats: 2.95, hand: "right" }], "both", 0);
  assert.deepEqual(walk(passing, [0, 1.9, 2.9]).flatMap(({ own }) => own), [60, 48, 62, 50]);
  assert.deepEqual(walk(passing, [0.004, 0.02, 1]).map(({ own }) => own), [[60, 48, 65], [], [62]]);
});
