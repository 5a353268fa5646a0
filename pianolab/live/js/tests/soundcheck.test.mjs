// Before the first take: the page asks for middle C and says whether it hears it, and what to do about the loudness.

import assert from "node:assert/strict";
import test from "node:test";
import { CHECK_KEY, SoundCheck } from "../soundcheck.js";

const NAMES = { 60: "C4", 62: "D4" };
const said = (check) => check.says((midi) => NAMES[midi]).map(([name]) => name);

/** A check that has heard so many seconds of sound with this peak. */
function heardSound(peak, seconds) {
  const check = new SoundCheck();
  check.begin();
  for (let s = 0; s <= seconds; s += 0.02) check.loud(peak, s);
  return check;
}

test("the check is offered, asks for middle C, and is over when it is closed", () => {
  const check = new SoundCheck();
  assert.deepEqual(said(check), ["offer"]);
  check.begin();
  assert.deepEqual(check.says((midi) => NAMES[midi]), [["play", { name: "C4" }]]);
  check.close();
  assert.deepEqual(said(check), []);
});

test("middle C is heard, with how sure that is", () => {
  const check = heardSound(0.2, 1);
  check.struck(CHECK_KEY, 0.934);
  assert.deepEqual(check.says((midi) => NAMES[midi]), [["heard", { name: "C4", percent: 93 }], ["level_good", {}]]);
});

test("another key is named, and middle C is asked for again", () => {
  const check = heardSound(0.2, 1);
  check.struck(62, 0.9);
  assert.deepEqual(check.says((midi) => NAMES[midi]), [["other", { heard: "D4" }], ["play", { name: "C4" }]]);
  check.struck(CHECK_KEY, 0.9);
  check.struck(62, 0.9); // What is played afterwards takes nothing back.
  assert.deepEqual(said(check), ["heard", "level_good"]);
});

test("silence and sound without a note are told apart after four seconds, not before", () => {
  assert.deepEqual(said(heardSound(0.0005, 3)), ["play"]);
  assert.deepEqual(said(heardSound(0.0005, 5)), ["play", "nothing"]);
  assert.deepEqual(said(heardSound(0.05, 5)), ["play", "no_note"]);
});

test("the level is that of the stroke, and what comes a second later does not count", () => {
  for (const [peak, level] of [[0.005, "level_faint"], [0.3, "level_good"], [1, "level_clipped"]]) {
    const check = heardSound(0.004, 1);
    check.struck(CHECK_KEY, 0.9);
    check.loud(peak, 1.3);
    check.loud(0.5, 2.5);
    assert.equal(said(check)[1], level);
  }
});

test("a stroke after the microphone was moved is judged anew", () => {
  const check = heardSound(0.005, 1);
  check.struck(CHECK_KEY, 0.9);
  assert.equal(said(check)[1], "level_faint");
  for (let s = 3; s < 4; s += 0.02) check.loud(0.1, s);
  check.struck(CHECK_KEY, 0.9);
  assert.equal(said(check)[1], "level_good");
});
