// Nothing flashes more than three times in a second, whoever asks; and nobody but flash.js lets anything flash.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import test from "node:test";
import { APART_MS, Flasher, LIT_MS } from "../flash.js";

/** A flasher with a clock of its own; `lit` are the moments at which light went on. */
function setup({ calm = false } = {}) {
  const told = { now: 0, lit: [], dark: [], waiting: [] };
  const flasher = new Flasher({
    light: (on) => (on ? told.lit : told.dark).push(told.now),
    now: () => told.now,
    later: (what, ms) => told.waiting.push({ at: told.now + ms, what }),
    calm: () => calm,
  });
  const pass = (ms) => {
    told.now += ms;
    for (const { what } of told.waiting.filter(({ at }) => at <= told.now)) what();
    told.waiting = told.waiting.filter(({ at }) => at > told.now);
  };
  return { flasher, told, pass };
}

test("it is off until the player wants it", () => {
  const { flasher, told } = setup();
  assert.equal(flasher.ask(), false);
  flasher.allow(true);
  assert.equal(flasher.ask(), true);
  flasher.allow(false);
  assert.equal(flasher.ask(), false);
  assert.deepEqual(told.lit, [0]);
});

test("however it is hammered, no second holds more than three flashes, and light goes off in between", () => {
  for (const every of [1, 7, 16, 50, 111, 333, 334]) {
    const { flasher, told, pass } = setup();
    flasher.allow(true);
    for (let i = 0; i < 20000 / every; i++) {
      flasher.ask();
      flasher.ask(); // Beat, note and try-out ask at once.
      pass(every);
    }
    assert.ok(told.lit.length > 20);
    for (const from of told.lit) assert.ok(told.lit.filter((at) => at >= from && at <= from + 1000).length <= 3);
    assert.ok(told.dark.length >= told.lit.length - 1);
  }
  assert.ok(3 * APART_MS > 1000 && LIT_MS < APART_MS / 2);
});

test("who wants little motion gets no flash, wished or not", () => {
  const { flasher, told } = setup({ calm: true });
  flasher.allow(true);
  assert.equal(flasher.ask(), false);
  assert.deepEqual(told.lit, []);
});

test("no other module or style of the page animates, blinks or lights the frame", () => {
  const folder = new URL("../", import.meta.url);
  const modules = readdirSync(folder).filter((name) => name.endsWith(".js") && name !== "flash.js");
  const styles = readdirSync(new URL("../../", import.meta.url)).filter((name) => name.endsWith(".css"));
  assert.ok(modules.length > 8 && styles.includes("modules.css"));
  for (const name of modules) assert.doesNotMatch(readFileSync(new URL(name, folder), "utf-8"), /flash-frame|\.animate\(|<blink|new Flasher/, name);
  for (const name of styles) {
    assert.doesNotMatch(readFileSync(new URL(`../../${name}`, import.meta.url), "utf-8"), /@keyframes|\banimation(-name)?\s*:|blink/, name);
  }
});
