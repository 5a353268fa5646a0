// The piano roll: which notes are seen, and where they lie.

import assert from "node:assert/strict";
import test from "node:test";
import { ROLL_S, RollNotes, rollGeometry } from "../rollnotes.js";

const event = (kind, note, midi, time, listener = 0) => ({ kind, listener, note, midi, time_s: time });
const SIZE = { width: 1000, height: 230, now: 20, chords: false };

test("a note is seen while any of it lies in the last ten seconds", () => {
  const roll = new RollNotes();
  roll.take(event("on", 1, 60, 1));
  roll.take(event("off", 1, 60, 2));
  roll.take(event("on", 2, 62, 1));
  assert.equal(roll.seen(11.9).length, 2);
  assert.deepEqual(roll.seen(12.1).map(({ midi }) => midi), [62]); // It still sounds.
});

test("the pedal of the first detector is seen from where it goes down to where it goes up", () => {
  const roll = new RollNotes();
  const pedal = (down, time, listener = 0) => roll.take({ kind: "pedal", listener, down, time_s: time });
  pedal(false, 0.5); // It went down before the page was there.
  pedal(true, 1);
  pedal(true, 1.5, 1);
  pedal(false, 2);
  pedal(true, 3);
  assert.deepEqual(roll.pedals, [{ down: 1, up: 2 }, { down: 3, up: null }]);
  assert.deepEqual(roll.pedalled(12.1), [{ down: 3, up: null }]); // It is still down.
  assert.equal(roll.notes.length, 0);
  roll.clear();
  assert.deepEqual(roll.pedalled(12.1), []);
});

test("a roll that runs for hours keeps only its last pedals", () => {
  const roll = new RollNotes();
  for (let i = 0; i < 1000; i++) roll.take({ kind: "pedal", listener: 0, down: i % 2 === 0, time_s: i });
  assert.ok(roll.pedals.length <= 200);
  assert.deepEqual(roll.pedals.at(-1), { down: 998, up: 999 });
});

test("a note that turns out to be another key moves there", () => {
  const roll = new RollNotes();
  roll.take(event("on", 1, 48, 1));
  roll.take(event("revised", 1, 60, 1));
  assert.deepEqual(roll.notes.map(({ midi, on }) => [midi, on]), [[60, 1]]);
});

test("after a change of detectors note numbers begin again without touching old notes", () => {
  const roll = new RollNotes();
  roll.take(event("on", 0, 60, 1));
  roll.take(event("off", 0, 60, 2));
  roll.take(event("on", 0, 72, 3));
  roll.take(event("off", 0, 72, 4));
  assert.deepEqual(roll.notes.map(({ midi, off }) => [midi, off]), [[60, 2], [72, 4]]);
});

test("a roll that runs for hours keeps only its last notes", () => {
  const roll = new RollNotes();
  for (let i = 0; i < 2000; i++) roll.take(event("on", i, 60, i));
  assert.ok(roll.notes.length <= 400);
  assert.equal(roll.notes.at(-1).on, 1999);
});

test("now is at the right edge, ten seconds ago at the left one, and higher keys lie higher", () => {
  const place = rollGeometry([], SIZE);
  assert.equal(place.x(20), 994);
  assert.ok(Math.abs(place.x(20 - ROLL_S) - place.left) < 1e-9);
  assert.ok(Math.abs(place.x(15) - (place.left + 994) / 2) < 1e-9);
  assert.ok(place.y(72) < place.y(60));
  assert.ok(Math.abs(place.y(60) - place.y(61) - place.row) < 1e-9);
});

test("every key of the piano finds its place, and there is no place beyond", () => {
  const place = rollGeometry([{ midi: 21 }, { midi: 108 }], SIZE);
  assert.deepEqual([place.low, place.high], [20, 109]);
  for (const midi of [21, 108]) assert.ok(place.y(midi) > 0 && place.y(midi) < place.bottom);
});

test("names of chords push the notes down", () => {
  const highest = { midi: 76 };
  assert.ok(rollGeometry([highest], { ...SIZE, chords: true }).y(76) > rollGeometry([highest], SIZE).y(76));
});

test("only struck chords of the first detector that have a name of their own stand above the notes", () => {
  const roll = new RollNotes();
  const texts = (symbol, spoken) => ({ C4: { symbol, spoken, keys: [] } });
  const chord = { kind: "chord", listener: 0, struck: true, time_s: 15 };
  roll.take({ ...chord, texts: texts("C", "C major") });
  roll.take({ ...chord, texts: texts("perfect fifth", "perfect fifth") });
  roll.take({ ...chord, texts: texts("", "") });
  roll.take({ ...chord, listener: 1, texts: texts("F", "F major") });
  roll.take({ ...chord, struck: false, texts: texts("G", "G major") });
  roll.take({ ...chord, time_s: 5, texts: texts("Am", "A minor") });
  assert.deepEqual(roll.named(20, "C4").map(({ symbol }) => symbol), ["C"]);
});

test("a name is left out where the other detector's note bears it, or a note above it would be covered", () => {
  const roll = new RollNotes();
  roll.take(event("on", 1, 60, 1));
  roll.take(event("on", 1, 60, 1.1, 1));
  roll.take(event("on", 2, 64, 1.05));
  const [first, twin, third] = roll.notes;
  assert.deepEqual([first, twin, third].map((note) => roll.hasTwin(note, 2)), [false, true, false]);
  assert.ok(roll.isCovered(first, 5, 0.5));
  assert.ok(!roll.isCovered(first, 3, 0.5)); // The other key is far enough away.
  assert.ok(!roll.isCovered(first, 5, 0.01)); // It was struck later.
  assert.ok(!roll.isCovered(third, 5, 0.5)); // It is the upper one.
});
