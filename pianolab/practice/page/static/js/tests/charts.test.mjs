// The pictures of a report: marks lie where the numbers say, their shapes differ, and the sentence agrees with the picture.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { HEIGHT, axis, evenness, inWords, loudness, pedal, rhythm } from "../charts.js";
import { speaker } from "../texts.js";

const WIDTH = 640;
const TAKE = {
  bars: [{ bar: 0, name: "1", beat: 0, end_beat: 4 }, { bar: 1, name: "2", beat: 4, end_beat: 8 }, { bar: 2, name: "3", beat: 8, end_beat: 12 }],
  loudness: {
    unit: "velocity",
    right: [{ bar: 0, middle: 60, softest: 50, loudest: 70, notes: 4 }, { bar: 1, middle: 80, softest: 75, loudest: 90, notes: 4 }],
    left: [{ bar: 0, middle: 40, softest: 40, loudest: 40, notes: 1 }],
  },
  evenness: {
    beats_a_minute: 90,
    steps: [[0, 90, false], [1, 60, false], [2, 120, false], [3, 10, true], [4, 90, false]].map(([step, bpm, stop]) => (
      { step, bar: Math.floor(step / 4), beat: step, time_s: step, beats_a_minute: bpm, stop })),
  },
  rhythm: { steps: [[1, -80, "early"], [2, 10, null], [3, 120, "late"]].map(([step, ms, said]) => ({ step, bar: 0, beat: step, time_s: step, off_ms: ms, said })) },
  pedal: { heard: true, score: [{ down_beat: 0, up_beat: 4 }, { down_beat: 4, up_beat: 8 }], played: [{ down_beat: 1, up_beat: 4, down_s: 1, up_s: 4 }] },
};
const EMPTY = {
  bars: TAKE.bars, loudness: { unit: "velocity" }, evenness: { beats_a_minute: null, steps: [] }, rhythm: { steps: [] },
  pedal: { heard: false, score: [], played: [] },
};
const places = axis(TAKE, WIDTH);
const text = (language) => speaker(JSON.parse(readFileSync(new URL(`../../../../../texts/${language}/practice_page.json`, import.meta.url), "utf-8")));

test("beats go from the left edge to the right one, and bars are named as far as there is room", () => {
  assert.ok(places.x(0) < places.x(4) && places.x(12) === WIDTH - 10);
  assert.deepEqual(places.labels.map((label) => label.text), ["1", "2", "3"]);
  const long = { bars: Array.from({ length: 80 }, (_, i) => ({ bar: i, name: String(i + 1), beat: 4 * i, end_beat: 4 * i + 4 })) };
  const { labels } = axis(long, 360);
  assert.ok(labels.length > 2);
  labels.slice(1).forEach(({ x }, i) => assert.ok(x - labels[i].x >= 30));
});

test("a louder bar stands higher, and hands differ by shape", () => {
  const { marks, lines } = loudness(TAKE, places);
  assert.deepEqual(marks.map(({ shape }) => shape), ["up", "up", "down"]);
  assert.ok(marks[1].y < marks[0].y && marks[0].y < marks[2].y);
  assert.ok(lines[0].y1 > marks[0].y && marks[0].y > lines[0].y2);
});

test("a faster step stands higher, a stop is a square, and no line goes over it", () => {
  const { marks, lines } = evenness(TAKE, places);
  assert.deepEqual(marks.map(({ shape }) => shape), ["round", "round", "round", "square", "round"]);
  assert.ok(marks[2].y < marks[0].y && marks[0].y < marks[1].y);
  assert.equal(lines.filter(({ kind }) => kind !== "middle").length, 2);
  assert.equal(lines[0].y1, marks[0].y);
});

test("early stands above the line, late below, each with its own shape", () => {
  const { marks, lines } = rhythm(TAKE, places);
  assert.deepEqual(marks.map(({ shape }) => shape), ["early", "dot", "late"]);
  assert.ok(marks[0].y < lines[0].y1 && marks[2].y > lines[0].y1);
});

test("small deviations look small", () => {
  const steady = { ...TAKE, rhythm: { steps: TAKE.rhythm.steps.map((row) => ({ ...row, off_ms: row.off_ms / 20, said: null })) } };
  const { marks, lines } = rhythm(steady, places);
  for (const mark of marks) assert.ok(Math.abs(mark.y - lines[0].y1) < 5);
});

test("the pedal of the score stands above that of the player, over the same beats", () => {
  const { boxes } = pedal(TAKE, places);
  assert.deepEqual(boxes.map(({ kind }) => kind), ["score", "score", "played"]);
  assert.equal(boxes[2].x, places.x(1));
  assert.ok(boxes[0].y + boxes[0].height < boxes[2].y);
});

test("all lies inside the picture, also for a take of which nothing was heard", () => {
  for (const take of [TAKE, EMPTY]) {
    for (const chart of [loudness, evenness, rhythm, pedal]) {
      for (const { x, y } of chart(take, axis(take, WIDTH)).marks) assert.ok(x >= 50 && x <= WIDTH && y >= 0 && y <= HEIGHT);
    }
  }
});

test("the sentences say what the pictures show, in both languages", () => {
  const said = inWords(TAKE, text("en"));
  assert.equal(said.loudness, "Right hand: softest in bar 1, loudest in bar 2. Left hand: heard in bar 1.");
  assert.match(said.evenness, /90 quarter notes a minute; the slowest step in bar 1, the fastest in bar 1\. 1 stop\./);
  assert.equal(said.rhythm, "Steps: 1 in their place, 1 early, 1 late.");
  assert.equal(said.pedal, "Pedal pressed: 2 in the score, 1 as you played.");
  for (const words of Object.values(inWords(TAKE, text("ko")))) assert.match(words, /[가-힣]/);
  const none = inWords(EMPTY, text("en"));
  assert.equal(none.loudness, none.rhythm);
  assert.equal(none.pedal, "The score has no pedal.");
});
