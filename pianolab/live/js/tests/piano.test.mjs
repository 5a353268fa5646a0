// Where the 88 keys lie, and what they are called.

import assert from "node:assert/strict";
import test from "node:test";
import { KEYS, LOW, MIDIS, Names, OCTAVES, STRIP, WIDTH, isBlack, keyBox, keyCentre, keyHz, levelBar, pinRows, signed } from "../piano.js";

test("a piano has 52 white and 36 black keys from A0 to C8", () => {
  assert.equal(MIDIS.length, KEYS);
  assert.deepEqual([MIDIS[0], MIDIS.at(-1)], [LOW, 108]);
  assert.equal(MIDIS.filter(isBlack).length, 36);
});

test("white keys stand edge to edge over the whole width", () => {
  const boxes = MIDIS.filter((midi) => !isBlack(midi)).map(keyBox);
  boxes.slice(1).forEach((box, i) => assert.equal(box.x, boxes[i].x + boxes[i].w));
  assert.equal(boxes[0].x, 0);
  assert.equal(boxes.at(-1).x + boxes.at(-1).w, WIDTH);
});

test("a black key stands in the middle of the edge between its white neighbours", () => {
  for (const midi of MIDIS.filter(isBlack)) {
    const { x, w } = keyBox(midi);
    assert.equal(x + w / 2, keyBox(midi + 1).x);
  }
});

test("keys lie from the left to the right", () => {
  MIDIS.slice(1).forEach((midi) => assert.ok(keyCentre(midi) > keyCentre(midi - 1)));
});

test("a bar of strength grows with the strength, stands in front of the keys and covers none of them nor another bar", () => {
  for (const midi of [60, 61]) {
    const heights = [-1, 0, 0.5, 1, 2].map((strength) => levelBar(midi, strength).height);
    assert.deepEqual([heights[0], heights[1]], [0, 0]);
    assert.ok(heights[2] > 0 && heights[2] < heights[3]);
    assert.equal(heights[4], heights[3]);
    assert.ok(levelBar(midi, 1).y > keyBox(60).h);
  }
  for (const midi of MIDIS.slice(1)) assert.ok(levelBar(midi, 1).x >= levelBar(midi - 1, 1).x + STRIP.bar);
});

test("pins that would cover each other stand in rows, the lowest that has room", () => {
  const pins = [{ left: 0, right: 20 }, { left: 10, right: 30 }, { left: 22, right: 40 }, { left: 60, right: 80 }];
  assert.deepEqual(pinRows(pins), [0, 1, 2, 0]);
  assert.deepEqual(pinRows([{ left: 0, right: 20 }, { left: 10, right: 30 }, { left: 25, right: 40 }]), [0, 1, 0]);
  assert.deepEqual(pinRows([]), []);
});

test("the octaves begin at each C", () => {
  assert.deepEqual(OCTAVES, [24, 36, 48, 60, 72, 84, 96, 108]);
});

test("A4 sounds at its tuning, C4 at 261.63 Hz to a hundredth", () => {
  assert.equal(keyHz(69), 440);
  assert.equal(keyHz(69, 442), 442);
  assert.ok(Math.abs(keyHz(60) - 261.63) < 0.01);
});

test("notes are named in the style that was chosen", () => {
  const names = new Names();
  assert.deepEqual([21, 60, 61, 108].map(names.of), ["A0", "C4", "C#4", "C8"]);
  const korean = ["도", "도#", "레", "레#", "미", "파", "파#", "솔", "솔#", "라", "라#", "시"];
  names.learn({ C4: names.tables.C4, 도: korean });
  names.style = "도";
  assert.equal(names.of(67), "솔4");
  assert.equal(names.sample("도"), "도4, 레4, 미4");
  names.learn({ C4: names.tables.C4 });
  assert.equal(names.of(67), "G4");
});

test("numbers have their sign, and minus is a true one", () => {
  assert.deepEqual([3.4, -3.6, 0].map((x) => signed(x)), ["+3", "−4", "+0"]);
  assert.equal(signed(-0.126, 2), "−0.13");
  assert.deepEqual([signed(-0.3), signed(-0.004, 2), signed(-0.5)], ["+0", "+0.00", "−1"]); // no minus before nothing
});
