// The player's own piano: what can be done in each state.

import assert from "node:assert/strict";
import test from "node:test";
import { buttonsOf } from "../learn.js";

test("a piano that is not known can be learnt, a known one learnt again or forgotten", () => {
  assert.deepEqual(buttonsOf({ state: "idle", in_use: false }), ["begin"]);
  assert.deepEqual(buttonsOf({ state: "idle", in_use: true }), ["again", "forget"]);
});

test("while a note is asked for it can be skipped, the one before repeated, and all be given up", () => {
  assert.deepEqual(buttonsOf({ state: "asking", in_use: true }), ["skip", "repeat", "give_up"]);
});

test("in the silence at the beginning there is nothing to skip, and while it learns nothing to press", () => {
  assert.deepEqual(buttonsOf({ state: "quiet", in_use: false }), ["give_up"]);
  assert.deepEqual(buttonsOf({ state: "learning", in_use: false }), []);
});
