// Texts of the catalogue, filled; and every text that the modules of the page's pictures say is there in both languages.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { DEVICES, NOTES } from "../feltsettings.js";
import { KINDS } from "../marks.js";
import { MAPPINGS, REGISTERS, RHYTHMS } from "../pulses.js";
import { speaker } from "../texts.js";

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf-8");
const SAID = /"((?:keys|falling|metronome|felt|tryout|pictures)\.[\w.]+)"/g; // Also those that are chosen between.
const said = (name) => [...read(name).matchAll(SAID)].map((found) => found[1]);
const kept = (language) => JSON.parse(readFileSync(new URL(`../../../../../texts/${language}/practice_page.json`, import.meta.url), "utf-8"));

test("places are filled, a pair goes by its number, and what is missing is named", () => {
  const say = speaker({ a: "{x} of {n}", b: { one: "{n} note", other: "{n} notes" }, c: { other: "음 {n}개" } });
  assert.equal(say("a", { x: 1, n: 2 }), "1 of 2");
  assert.deepEqual([1, 2].map((n) => say("b", { n })), ["1 note", "2 notes"]);
  assert.equal(say("c", { n: 1 }), "음 1개");
  assert.throws(() => say("d"), /no text d/);
  assert.throws(() => say("a", { x: 1 }), /value for n/);
  assert.equal(speaker(say), say);
});

test("what the modules say is in the catalogue", () => {
  const modules = ["keys.js", "marks.js", "falling.js", "metronome.js", "felt.js", "tryout.js", "charts.js", "pictures.js", "../tryout.html"];
  for (const name of modules) {
    for (const key of said(name)) for (const language of ["en", "ko"]) assert.ok(key in kept(language), `${name} says ${key} (${language})`);
  }
  assert.ok(said("metronome.js").length > 3 && said("tryout.js").includes("tryout.test_wrong") && said("../tryout.html").length > 10);
});

test("every choice, register, sign and picture has its words", () => {
  const wishes = { device: DEVICES, mapping: MAPPINGS, notes: NOTES, rhythm: RHYTHMS };
  const keys = Object.entries(wishes).flatMap(([name, values]) => [`felt.${name}`, ...values.map((value) => `felt.${name}.${value}`)]);
  const registers = REGISTERS.map((_, register) => `tryout.register.${register}`);
  const kinds = Object.keys(KINDS).map((kind) => `keys.${kind}`);
  const charts = ["loudness", "evenness", "rhythm", "pedal"].flatMap((kind) => [`pictures.${kind}`, `pictures.${kind}_signs`]);
  const hands = ["right", "left", "unknown"].map((hand) => `pictures.hand.${hand}`);
  for (const key of [...keys, ...registers, ...kinds, ...charts, ...hands]) for (const language of ["en", "ko"]) assert.ok(key in kept(language), key);
});
