// Texts of the catalogue, filled; and every text that the modules of the page's pictures say is there in both languages.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { speaker } from "../texts.js";

const said = (name) => [...readFileSync(new URL(`../${name}`, import.meta.url), "utf-8").matchAll(/\bsay\(\s*"([\w.]+)"/g)].map((found) => found[1]);
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
  for (const name of ["keys.js", "marks.js", "falling.js", "metronome.js"]) {
    for (const key of said(name)) for (const language of ["en", "ko"]) assert.ok(key in kept(language), `${name} says ${key} (${language})`);
  }
  assert.ok(said("metronome.js").length > 1);
});
