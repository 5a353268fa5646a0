// Falling notes: what is seen, and that a note meets the line when it is due.

import assert from "node:assert/strict";
import test from "node:test";
import { AHEAD, barLines, geometry, seen } from "../fallingnotes.js";

const note = (midi, onset, length, hand = "right", finger = null) => ({ midi, onset_beats: onset, offset_beats: onset + length, hand, finger });
const NOTES = [note(64, 4, 1, "right", 3), note(60, 0, 1), note(48, 0, 4, "left"), note(72, 30, 1)];

test("notes of the next beats are seen, earliest first, and gone ones are not", () => {
  assert.deepEqual(seen(NOTES, { beat: 0 }).map(({ midi }) => midi), [48, 60, 64]);
  assert.deepEqual(seen(NOTES, { beat: 3 }).map(({ midi }) => midi), [48, 64]);
  assert.deepEqual(seen(NOTES, { beat: 30 }).map(({ midi }) => midi), [72]);
});

test("the hand that is not played is marked as the other one, and only its notes", () => {
  assert.deepEqual(seen(NOTES, { beat: 0, hands: "right" }).map(({ midi, other }) => [midi, other]), [[48, true], [60, false], [64, false]]);
  assert.deepEqual(seen(NOTES, { beat: 0, hands: "left" }).map(({ other }) => other), [false, true, true]);
  assert.deepEqual(seen(NOTES, { beat: 0 }).map(({ left, other }) => [left, other]), [[true, false], [false, false], [false, false]]);
});

test("a note sounds from its beginning on and not at its end", () => {
  const now = (beat) => seen(NOTES, { beat }).filter((one) => one.now).map(({ midi }) => midi);
  assert.deepEqual([now(0), now(0.99), now(1), now(4)], [[48, 60], [48, 60], [48], [64]]);
});

test("a note's lower end meets the line when it is due, above its key, and lies above the line before", () => {
  const places = geometry(NOTES.map(({ midi }) => midi), { width: 800, height: 400 });
  for (const one of NOTES) {
    const box = places.box(one, one.onset_beats);
    assert.ok(Math.abs(box.y + box.h - places.line) <= 2.001);
    assert.ok(places.box(one, one.onset_beats - 1).y + box.h < places.line);
    assert.ok(box.x >= 0 && box.x + box.w <= 800);
  }
  const [low, high] = [note(60, 0, 1), note(62, 0, 1)].map((one) => places.box(one, 0));
  assert.ok(low.x + low.w <= high.x);
});

test("longer notes are longer, and the shortest can still be seen", () => {
  const places = geometry([60], { width: 400, height: 340 });
  const tall = [0.01, 1, 2].map((length) => places.box(note(60, 0, length), 0).h);
  assert.ok(tall[0] >= 3 && tall[0] < tall[1] && tall[1] < tall[2]);
});

test("lines of bars are seen with the notes", () => {
  assert.deepEqual(barLines([0, 4, 8, 12], { beat: 4 }), [4, 8]);
  assert.deepEqual(barLines([0, 4, 8, 12], { beat: 4.1 }), [4, 8, 12]);
  assert.equal(AHEAD, 8);
});
