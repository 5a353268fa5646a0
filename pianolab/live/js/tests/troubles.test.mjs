// Failures by their codes.

import assert from "node:assert/strict";
import test from "node:test";
import { CODES, Trouble, Troubles, captureCode } from "../troubles.js";

test("every refusal of a browser has a code of ours, and an unknown one is another trouble", () => {
  const names = ["NotAllowedError", "SecurityError", "NotFoundError", "OverconstrainedError", "NotReadableError", "AbortError", "TypeError"];
  const codes = names.map((name) => captureCode({ name }));
  assert.deepEqual(codes, ["denied", "denied", "nodevice", "gone", "inuse", "inuse", "other"]);
  assert.ok(codes.every((code) => CODES.includes(code)));
});

test("troubles stand in their order, each once, until they are cleared", () => {
  const troubles = new Troubles();
  troubles.add("busy");
  troubles.add("hidden");
  troubles.add("busy");
  assert.deepEqual([...troubles.now.keys()], ["busy", "hidden"]);
  assert.equal(troubles.clear("busy", "slow"), true);
  assert.equal(troubles.clear("busy"), false);
  troubles.clearAll();
  assert.ok(!troubles.has("hidden"));
});

test("a trouble says what the browser said, or else its code", () => {
  assert.equal(new Trouble("other", "TypeError: no").message, "TypeError: no");
  assert.deepEqual([new Trouble("denied").message, new Trouble("denied").detail], ["denied", ""]);
});
