// A beat that is seen: what passages are refused, when light goes on, and how the ball goes.

import assert from "node:assert/strict";
import test from "node:test";
import { FLASH_EVERY_S, Metronome } from "../beat.js";
import { RING, WIDTH, ball, rings } from "../bounce.js";

const FOUR = { bars: [0, 4], end: 8, beatsAMinute: 60 };

test("a passage that makes no sense is refused, as Python refuses it", () => {
  const wrong = [
    { ...FOUR, bars: [] }, { ...FOUR, bars: [4, 0] }, { ...FOUR, end: NaN }, { ...FOUR, firstBar: 2 }, { ...FOUR, lastBar: 2 },
    { ...FOUR, firstBar: 1, lastBar: 0 }, { ...FOUR, beatsAMinute: 9 }, { ...FOUR, tempo: 0.29 }, { ...FOUR, tempo: 2.1 }, { ...FOUR, beat: 0 },
  ];
  for (const given of wrong) assert.throws(() => new Metronome(given), RangeError, JSON.stringify(given));
});

test("one bar is counted in, and each place of the passage has its time", () => {
  const metronome = new Metronome(FOUR);
  assert.equal(metronome.countInS, 4);
  assert.deepEqual([0, 4, 5.5].map((time) => metronome.at(time).beat), [-4, 0, 1.5]);
  assert.equal(metronome.timeOf(1.5), 5.5);
  assert.deepEqual([metronome.countsIn, metronome.countsOf(0), metronome.countsOf(99)], [4, 4, 4]);
  assert.equal(new Metronome({ ...FOUR, bars: [0, 1.5], beat: 0.5 }).countsOf(0), 3);
});

test("at any tempo and count light never goes on more than three times in a second, loops included", () => {
  for (const tempo of [0.3, 1, 1.7, 2]) {
    for (const beat of [0.25, 0.5, 1]) {
      const metronome = new Metronome({ bars: [0, 2, 5], end: 6, beatsAMinute: 200, tempo, beat, loop: true });
      const on = [];
      let lit = false;
      for (let time = 0; time < 12; time += 0.002) {
        const { flash } = metronome.at(time);
        if (flash && !lit) on.push(time);
        lit = flash;
      }
      assert.ok(on.length > 3);
      on.slice(1).forEach((time, i) => assert.ok(time - on[i] >= FLASH_EVERY_S - 0.003, `${tempo} ${beat}: ${on[i]} ${time}`));
    }
  }
});

test("the ball stands on its count when it begins, is largest then, and the first count is the largest of all", () => {
  for (const counts of [1, 2, 3, 4, 6, 9]) {
    const places = rings(counts);
    for (let count = 0; count < counts; count++) {
      const [begins, later] = [0, 0.5].map((share) => ball({ count, share }, counts));
      assert.deepEqual([begins.x, begins.y], [places[count].x, places[count].y]);
      assert.ok(later.y < begins.y && later.r < begins.r);
      assert.ok(begins.x - begins.r >= 0 && begins.x + begins.r <= WIDTH);
    }
  }
  assert.ok(RING.first > RING.other && ball({ count: 0, share: 0 }, 4).r > ball({ count: 1, share: 0 }, 4).r);
});

test("between two counts the ball goes from the one to the other, and at the end of a bar it stays", () => {
  const [a, b] = rings(4);
  const xs = [0, 0.25, 0.5, 0.75].map((share) => ball({ count: 0, share }, 4).x);
  xs.slice(1).forEach((x, i) => assert.ok(x > xs[i] && x < b.x));
  assert.equal(xs[0], a.x);
  assert.equal(ball({ count: 3, share: 0.9 }, 4).x, rings(4)[3].x);
});
