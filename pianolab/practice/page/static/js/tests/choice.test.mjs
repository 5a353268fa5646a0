// What was chosen is kept, and what was kept is taken only where it makes sense. And the words of the page.

import assert from "node:assert/strict";
import test from "node:test";
import { asMessage, commandsOf, keep, remembered, stepped } from "../choice.js";
import { named, pageWidth } from "../library.js";
import { listed } from "../nodes.js";
import { percentOf, shapeOf, weakest } from "../report.js";
import { dueInWords, heardInWords, kindOf } from "../words.js";

const store = (text = null) => ({ text, getItem() { return this.text; }, setItem(_, value) { this.text = value; } });
const say = (key, values = {}) => [key, ...Object.values(values)].join("|");

test("a new player gets what is usual, with names of his language", () => {
  assert.equal(remembered(store(), "en").names, "C4");
  const korean = remembered(store(), "ko");
  assert.deepEqual([korean.names, korean.mode, korean.tempo], ["도", "wait", 1]);
});

test("what was kept comes back, but not what is broken, foreign, or of another piece", () => {
  const kept = store();
  keep(kept, { ...remembered(kept, "en"), mode: "beat", tempo: 0.5, first: 3, last: 4 });
  const again = remembered(kept, "en");
  assert.deepEqual([again.mode, again.tempo, again.first, again.last], ["beat", 0.5, 0, 0]);
  for (const text of ["{", "null", "7", JSON.stringify({ tempo: 900, mode: "jump", loop: "yes", item: "x", names: "H", else: 1 })]) {
    assert.deepEqual(remembered(store(text), "en"), remembered(store(), "en"));
  }
  assert.equal(remembered({ getItem() { throw new Error("blocked"); } }, "en").mode, "wait");
  assert.doesNotThrow(() => keep({ setItem() { throw new Error("full"); } }, {}));
});

test("the program hears of bars, tempo and keys in its own words", () => {
  const choice = { ...remembered(store(), "en"), item: 2, first: 1, last: 3, again: "pedal", slower: "21" };
  const told = asMessage(choice);
  assert.deepEqual([told.item, told.first_bar, told.last_bar, told.hands], [2, 1, 3, "both"]);
  assert.deepEqual(commandsOf(choice), { again: "pedal", slower: 21, on: null });
});

test("the tempo goes in tenths from 30 % to 200 %", () => {
  assert.equal(stepped(0.7, -1), 0.6);
  assert.equal(stepped(0.35, -1), 0.3);
  assert.equal(stepped(2, 1), 2);
});

test("pages are as wide as there is room, and large notes get fewer in a line", () => {
  assert.equal(pageWidth(880, 1), 1760);
  assert.ok(pageWidth(880, 1.4) < pageWidth(880, 1));
  assert.equal(pageWidth(0, 1), 600);
});

test("what is due is said hand by hand, with fingers", () => {
  const notes = [{ midi: 60, hand: "right", finger: 1 }, { midi: 64, hand: "right", finger: null }, { midi: 48, hand: "left", finger: null }];
  assert.equal(dueInWords(say, notes, "C4"), "due.right|and|key_finger|C4|1|E4 due.left|C3");
  assert.equal(dueInWords(say, notes.slice(2), "도"), "due.left|도3");
  assert.equal(listed(say, ["a", "b", "c"]), "and|a, b|c");
});

test("what was heard is said: the way from a wrong key first, then a doubt, then that it was right", () => {
  const told = { step: 1, rounds: 0, wrong: [], unsure: [], right: [], ended: false, said: "as the program says" };
  assert.equal(heardInWords(say, told, "C4", null), null);
  assert.equal(heardInWords(say, { ...told, wrong: [{ said: "two keys to the right" }] }, "C4", told).text, "wrong|two keys to the right");
  assert.deepEqual(heardInWords(say, { ...told, unsure: [61] }, "C4", told), { kind: "not-sure", text: "as the program says" });
  assert.equal(heardInWords(say, { ...told, step: 2 }, "C4", told).text, "right");
  assert.equal(heardInWords(say, { ...told, rounds: 1 }, "C4", told).text, "round_done|1");
  assert.equal(heardInWords(say, { ...told, right: [60] }, "C4", told).text, "right_so_far|C4");
  assert.deepEqual(["right", "not sure", "octave"].map(kindOf), ["right", "not-sure", "wrong"]);
  assert.deepEqual(["early", "late", "uneven", "restart", "skip"].map(kindOf), ["", "", "", "", ""]); // The keys were right.
});

test("a bar of the report has a shape, and the weakest one is practised next with the bar before", () => {
  const bar = (bar_index, right, reached, said = []) => ({ bar_index, bar: String(bar_index + 1), of: 4, right, reached, said });
  assert.deepEqual([bar(0, 4, 4), bar(0, 3, 4, ["✗ a"]), bar(0, 3, 4, ["? b"]), bar(0, 0, 0)].map(shapeOf), ["✓", "✗", "?", "–"]);
  assert.deepEqual(percentOf({ share: 0.746, tempo: 0.5 }), { right: 75, tempo: 50 });
  assert.equal(weakest([bar(0, 4, 4), bar(1, 0, 0)]), null);
  assert.deepEqual(weakest([bar(0, 4, 4), bar(1, 3, 4), bar(2, 1, 4)]), { first: 1, last: 2 });
});

test("a piece has its Korean name first where the page speaks Korean", () => {
  const arirang = { title: "Arirang", also: "아리랑" };
  assert.equal(named(arirang, "ko"), "아리랑 (Arirang)");
  assert.equal(named(arirang, "en"), "Arirang (아리랑)");
  assert.equal(named({ title: "Lightly Row", also: "Hänschen klein" }, "ko"), "Lightly Row (Hänschen klein)");
  assert.equal(named({ title: "Doraji", also: "" }, "ko"), "Doraji");
});
