// The screen is kept on while one plays, and let go when it is over.

import assert from "node:assert/strict";
import test from "node:test";
import { Awake } from "../awake.js";

function screen() {
  const locks = [];
  const request = async () => {
    const lock = { held: true, release() { this.held = false; }, addEventListener() {} };
    locks.push(lock);
    return lock;
  };
  return { locks, request, held: () => locks.filter((lock) => lock.held).length };
}

test("one lock is held while it is wished, and none afterwards", async () => {
  const given = screen();
  const awake = new Awake(given);
  await awake.keep(true);
  await awake.keep(true);
  assert.deepEqual([given.locks.length, given.held()], [1, 1]);
  await awake.keep(false);
  assert.equal(given.held(), 0);
});

test("a lock that comes when it is over is let go at once", async () => {
  const given = screen();
  const awake = new Awake(given);
  const coming = awake.keep(true);
  await awake.keep(false);
  await coming;
  assert.equal(given.held(), 0);
});

test("a browser without locks, and one that refuses, are borne", async () => {
  await new Awake(undefined).keep(true);
  await new Awake({ request: async () => { throw new Error("low battery"); } }).keep(true);
});
