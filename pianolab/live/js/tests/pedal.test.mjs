// What the mark of the sustain pedal says.

import assert from "node:assert/strict";
import test from "node:test";
import { surePercent } from "../pedal.js";

test("how sure it is belongs to where the pedal is, down or up", () => {
  assert.equal(surePercent({ down: true, sure: 0.93 }), 93);
  assert.equal(surePercent({ down: false, sure: 0.03 }), 97);
});

test("a share a little outside of 0 to 1 is no other percentage", () => {
  assert.equal(surePercent({ down: true, sure: 1.0000001 }), 100);
  assert.equal(surePercent({ down: false, sure: 1.0000001 }), 0);
});
