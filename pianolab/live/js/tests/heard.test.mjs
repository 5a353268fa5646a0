// What one detector has heard, what its keys are called, and what is told of many keys at once.

import assert from "node:assert/strict";
import test from "node:test";
import { Heard, chordWords } from "../heard.js";
import { Names } from "../piano.js";

const context = (language = "en") => ({ names: new Names(), texts: { language } });
const on = (note, midi) => ({ kind: "on", note, midi });
const off = (note) => ({ kind: "off", note });
const words = (symbol, spoken, keys) => ({ C4: { symbol, spoken, keys }, Do: { symbol: `Do:${symbol}`, spoken, keys: keys.map((key) => `Do:${key}`) } });
const chord = (midi, texts, more = {}) => ({ kind: "chord", midi, texts, others: [], language: "en", ...more });
const MINOR = chord([65, 68, 72], words("Fm", "F minor", ["F4", "Ab4", "C5"]), { others: ["Ab6"] });

test("keys sound from their beginning to their end, the lowest first and each once", () => {
  const heard = new Heard(context());
  for (const event of [on(1, 67), on(2, 60), on(3, 60)]) heard.take(event);
  assert.deepEqual(heard.keys, [60, 67]);
  heard.take(off(1));
  assert.deepEqual(heard.keys, [60]);
  assert.ok(!heard.silent);
  heard.take(off(2));
  heard.take(off(3));
  assert.ok(heard.silent);
});

test("a pedal is no note", () => {
  const heard = new Heard(context());
  heard.take({ kind: "pedal", listener: 0, down: true, time_s: 1 });
  assert.ok(heard.silent);
  assert.equal(heard.last, null);
});

test("a note that turns out to be another key moves there and is no new note", () => {
  const heard = new Heard(context());
  heard.take(on(1, 48));
  heard.take({ kind: "revised", note: 1, midi: 60 });
  assert.deepEqual(heard.keys, [60]);
  assert.equal(heard.last.midi, 48);
});

test("a key is spelt as in the chord that sounds, others in the style of the player", () => {
  const heard = new Heard(context());
  heard.take(MINOR);
  assert.deepEqual([65, 68, 80].map((midi) => heard.nameOf(midi)), ["F4", "Ab4", "G#5"]);
});

test("a chord is told large by its symbol, with its name and the other names beside it", () => {
  const heard = new Heard(context());
  [65, 68, 72].forEach((midi, i) => heard.take(on(i, midi)));
  heard.take(MINOR);
  assert.deepEqual(heard.summary(), { large: "Fm", spoken: "F minor", others: ["Ab6"], n: 3 });
});

test("an interval is told beside its two keys, which stand large", () => {
  const heard = new Heard(context());
  [60, 67].forEach((midi, i) => heard.take(on(i, midi)));
  heard.take(chord([60, 67], words("perfect fifth", "perfect fifth", ["C4", "G4"])));
  assert.deepEqual(heard.summary(), { large: "C4 G4", spoken: "perfect fifth", others: [], n: 2 });
});

test("keys without a name are told as they are", () => {
  const heard = new Heard(context());
  [60, 61, 62].forEach((midi, i) => heard.take(on(i, midi)));
  assert.deepEqual(heard.summary(), { large: "C4 C#4 D4", spoken: "", others: [], n: 3 });
});

test("a chord keeps its name while its keys fade, until it is told that none sounds", () => {
  const heard = new Heard(context());
  heard.take(MINOR);
  assert.ok(!heard.silent);
  assert.equal(heard.summary().large, "Fm");
  heard.take(chord([], words("", "", [])));
  assert.ok(heard.silent);
});

test("in another language a chord has only its symbol, and an interval no name, until it is told again", () => {
  const korean = context("ko");
  assert.deepEqual(chordWords(MINOR, korean), { symbol: "Fm", spoken: "", keys: ["F4", "Ab4", "C5"] });
  const fifth = chord([60, 67], words("perfect fifth", "perfect fifth", ["C4", "G4"]));
  assert.deepEqual(chordWords(fifth, korean), { symbol: "", spoken: "", keys: ["C4", "G4"] });
  assert.equal(chordWords({ ...fifth, language: "ko" }, korean).spoken, "perfect fifth");
});

test("after Stop nothing sounds and the last note is remembered; a new take remembers nothing", () => {
  const heard = new Heard(context());
  heard.take(on(1, 60));
  heard.end();
  assert.ok(heard.silent);
  assert.equal(heard.last.midi, 60);
  heard.clear();
  assert.equal(heard.last, null);
});
