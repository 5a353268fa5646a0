// Names and beats agree with Python's over a table that Python made (tests/practice/test_page_twins.py).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import * as live from "../../../../../live/js/piano.js";
import { Metronome } from "../beat.js";
import { STYLES, noteName } from "../names.js";
import { MIDIS, isBlack, keyBox, pinRows } from "../piano.js";

const table = JSON.parse(readFileSync(new URL("twins.json", import.meta.url), "utf-8"));
const near = (a, b) => (typeof a === "number" ? Math.abs(a - b) < 1e-9 : a === b);

test("88 keys have Python's names in every style", () => {
  assert.deepEqual(Object.keys(STYLES), Object.keys(table.names));
  for (const [style, names] of Object.entries(table.names)) {
    assert.deepEqual(MIDIS.map((midi) => noteName(midi, style)), names);
  }
});

test("between two keys the nearer one is named, and what has no name is refused", () => {
  assert.deepEqual([59.49, 59.5, 60.4].map((midi) => noteName(midi)), ["B3", "C4", "C4"]);
  assert.throws(() => noteName(60, "H4"), /style/);
  assert.throws(() => noteName(NaN), /finite/);
});

test("the beat is where Python's metronome says, in each of its fields", () => {
  assert.ok(table.metronome.length > 3);
  for (const { passage, answers } of table.metronome) {
    const metronome = new Metronome(passage);
    for (const [time, ...told] of answers) {
      const place = metronome.at(time);
      const mine = [place.beat, place.bar, place.count, place.share, place.countingIn, place.flash, place.rounds, place.ended];
      assert.ok(mine.every((value, i) => near(value, told[i])), `${JSON.stringify(passage)} at ${time}: ${mine}, Python ${told}`);
    }
  }
});

test("keys lie where the live page has them, and their pins stack alike", () => {
  for (const midi of MIDIS) {
    assert.deepEqual(keyBox(midi), live.keyBox(midi));
    assert.equal(isBlack(midi), live.isBlack(midi));
  }
  const pins = [{ left: 0, right: 20 }, { left: 10, right: 30 }, { left: 22, right: 40 }, { left: 60, right: 80 }];
  assert.deepEqual(pinRows(pins), live.pinRows(pins));
  assert.deepEqual(pinRows(pins), [0, 1, 2, 0]);
});
