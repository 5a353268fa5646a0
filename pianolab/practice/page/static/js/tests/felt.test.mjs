// What is felt: registers that differ, strengths as shares of time, patterns that are put together, and nothing that is not seen.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { BlindTest, byGuessing, drawn } from "../blindtest.js";
import { Feeler } from "../feeler.js";
import { DEFAULTS, checked, keep, kept } from "../feltsettings.js";
import { Gamepad } from "../gamepad.js";
import { Phone, joined, left, pattern, sliced } from "../phone.js";
import { noteName } from "../names.js";
import { MAPPINGS, REGISTERS, STRENGTHS, TRANSIENT, beatPulses, keysOf, lengthOf, pulsesOf, registerOf } from "../pulses.js";
import { COLUMNS, SIZE, columns } from "../trail.js";

const onTime = (numbers) => numbers.filter((_, i) => i % 2 === 0).reduce((sum, ms) => sum + ms, 0);

function phone() {
  const told = { now: 0, patterns: [] };
  const device = new Phone({ navigator: { vibrate: (given) => told.patterns.push(given) }, now: () => told.now });
  return { device, told };
}

function feeler(settings = {}) {
  const { device, told } = phone();
  const seen = [];
  const gamepad = new Gamepad({ navigator: {} });
  return { feeler: new Feeler({ devices: { phone: device, gamepad }, settings: { on: true, ...settings }, onFelt: (felt) => seen.push(felt) }), told, seen };
}

test("each key has its register, and from G4 on it is that of short strokes", () => {
  assert.deepEqual([21, 35, 36, 47, 48, 59, 60, 66, 67, 108].map(registerOf), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
  assert.equal(TRANSIENT, registerOf(67));
  assert.deepEqual(REGISTERS.map((_, i) => keysOf(i)), [[21, 35], [36, 47], [48, 59], [60, 66], [67, 108]]);
});

test("in every mapping registers differ clearly, and none lasts as long as half a second", () => {
  for (const mapping of MAPPINGS) {
    const all = REGISTERS.map((_, register) => pulsesOf(register, mapping));
    assert.equal(new Set(all.map((pulses) => JSON.stringify(pulses))).size, REGISTERS.length);
    for (const pulses of all) assert.ok(lengthOf(pulses) > 20 && lengthOf(pulses) < 700, mapping);
  }
  const lengths = REGISTERS.map((_, register) => lengthOf(pulsesOf(register, "length")));
  lengths.slice(1).forEach((ms, i) => assert.ok(ms < 0.7 * lengths[i]));
  assert.deepEqual(REGISTERS.map((_, register) => pulsesOf(register, "count").length), [1, 2, 3, 4, 5]);
});

test("the docs say of each register what it is", () => {
  const page = readFileSync(new URL("../../../../../../docs/felt.md", import.meta.url), "utf-8");
  const rows = page.split("\n").filter((line) => /^\| (very low|low|middle|upper middle|high) \|/.test(line));
  assert.equal(rows.length, REGISTERS.length);
  rows.forEach((row, register) => {
    const [keys, length, number, roughness] = row.split(" | ").slice(1);
    assert.equal(keys, keysOf(register).map((midi) => noteName(midi)).join(" to "));
    assert.equal(Number(length.match(/\d+/)[0]), lengthOf(pulsesOf(register, "length")));
    assert.equal(Number(number.match(/\d+/)[0]), pulsesOf(register, "count").length);
    if (register < TRANSIENT) assert.equal(Number(roughness.match(/\d+/)[0]), pulsesOf(register, "roughness")[1][0]);
  });
});

test("high notes are short strokes: one, or one at each end", () => {
  assert.ok(lengthOf(pulsesOf(TRANSIENT, "length")) <= 40);
  assert.deepEqual(pulsesOf(TRANSIENT, "roughness").map(([, long]) => long), [30, 30]);
});

test("a stronger wish is a larger share of time in which the motor is on", () => {
  for (const pulse of [[0, 30], [0, 140], [0, 340]]) {
    const on = STRENGTHS.map((strength) => sliced(pulse, strength).reduce((sum, [, ms]) => sum + ms, 0));
    on.slice(1).forEach((ms, i) => assert.ok(ms >= on[i]));
    assert.equal(on.at(-1), pulse[1]);
    assert.ok(on[0] <= 0.5 * pulse[1]);
    for (const strength of STRENGTHS) {
      for (const [begin, ms] of sliced(pulse, strength)) assert.ok(ms > 0 && begin >= 0 && begin + ms <= pulse[1]);
    }
  }
});

test("pulses that meet become one, as strong as the stronger, and what is over is left out of a pattern", () => {
  assert.deepEqual(joined([[50, 20, 1], [0, 30, 2], [20, 30, 5], [100, 5, 1]]), [[0, 70, 5], [100, 5, 1]]);
  assert.deepEqual(left([[0, 10, 5], [0, 40, 5], [100, 40, 1]], 20), [[20, 20, 5], [100, 40, 1]]);
  assert.deepEqual(pattern([[20, 20, 5], [100, 40, 5]], 20), [20, 60, 40]);
  assert.deepEqual(pattern([[100, 40, 5]], 20), [0, 80, 40]);
  assert.deepEqual(pattern([], 20), []);
  assert.ok(pattern([[0, 5000, 1]], 0).length <= 99);
});

test("two notes at once are as strong as one", () => {
  const { device, told } = phone();
  device.play([[0, 200]], { strength: 2 });
  told.now = 7;
  device.play([[0, 193]], { strength: 2 });
  assert.ok(Math.abs(onTime(told.patterns[1]) - onTime(told.patterns[0])) < 13);
});

test("a beat within a note ends neither of them", () => {
  const { device, told } = phone();
  device.play([[0, 300]], { strength: 5 });
  told.now = 100;
  device.play([[0, 40]], { strength: 5 });
  assert.deepEqual(told.patterns, [[300], [200]]);
  told.now = 250;
  device.play([[60, 40]], { strength: 5 });
  assert.deepEqual(told.patterns.at(-1), [50, 10, 40]);
  device.stop();
  assert.equal(told.patterns.at(-1), 0);
});

test("a browser that cannot vibrate is asked for nothing", () => {
  const device = new Phone({ navigator: {}, now: () => 0 });
  assert.equal(device.isThere, false);
  device.play([[0, 40]], { strength: 5 });
  device.stop();
});

test("a gamepad's heavy motor plays low registers, its light one high ones, as strong as wished", () => {
  const effects = [];
  const actuator = { playEffect: (kind, effect) => { effects.push({ kind, ...effect }); } };
  const navigator = { getGamepads: () => [null, { vibrationActuator: actuator }] };
  const pad = new Gamepad({ navigator, later: (what) => what(), cancel: () => {} });
  pad.play([[0, 50]], { strength: 5, register: 0 });
  pad.play([[0, 30]], { strength: 1, register: TRANSIENT });
  assert.deepEqual(effects.map(({ duration, strongMagnitude, weakMagnitude }) => [duration, strongMagnitude, weakMagnitude]), [[50, 1, 0], [30, 0, 0.2]]);
  assert.equal(new Gamepad({ navigator: { getGamepads: () => [null] } }).isThere, false);
});

test("nothing is felt until it is switched on, and the other hand only where it is wished, more weakly", () => {
  assert.equal(feeler({ on: false }).feeler.strike([60]), null);
  const { feeler: one, told } = feeler({ strength: 5 });
  assert.equal(one.strike([60], { other: true }), null);
  one.set({ other: true });
  one.strike([60]);
  one.stop();
  one.strike([60], { other: true });
  const [own, , other] = told.patterns;
  assert.ok(onTime(other) < onTime(own));
});

test("of a chord the lowest key is felt; heard and due notes are felt as the player chose", () => {
  const { feeler: one, seen } = feeler();
  one.strike([72, 40, 60]);
  assert.equal(one.strike([40], { as: "heard" }), null);
  one.set({ notes: "heard" });
  one.strike([72], { as: "heard" });
  assert.deepEqual(seen.map(({ register }) => register), [1, 4]);
  one.set({ notes: "off", other: true });
  assert.equal(one.strike([72]), null);
  assert.equal(one.strike([48], { other: true }).what, "other"); // It is wished by itself.
});

test("the beat is felt by its rhythm, the first of the bar longer", () => {
  const felt = (rhythm) => [0, 1, 2, 3].map((count) => lengthOf(beatPulses(count, rhythm)));
  const [first, other] = felt("accents");
  assert.ok(first > 2 * other && other > 0);
  assert.equal(new Set(felt("beats")).size, 1);
  assert.deepEqual(felt("bars").map(Boolean), [true, false, false, false]);
  assert.deepEqual(felt("off"), [0, 0, 0, 0]);
});

test("whatever vibrates is seen, and as often", () => {
  const { feeler: one, told, seen } = feeler({ other: true });
  one.strike([60]);
  one.strike([40], { other: true });
  for (let count = 0; count < 4; count++) one.beat({ count });
  one.feel(2);
  assert.equal(seen.length, told.patterns.length);
  assert.deepEqual(seen.map(({ what }) => what), ["note", "other", "beat", "beat", "beat", "beat", "note"]);
});

test("the trail keeps the newest at the right, tells kinds and registers apart, and stays inside", () => {
  const felt = REGISTERS.map((_, register) => ({ what: "note", register, pulses: pulsesOf(register, "length") }));
  const all = columns([...felt, { what: "other", register: 1, pulses: [[0, 50]] }, { what: "beat", register: 0, count: 0, pulses: [[0, 130]] }, { what: "beat", register: 0, count: 2, pulses: [[0, 40]] }]);
  assert.equal(new Set(all.slice(0, 5).map(({ mark }) => mark.y)).size, 5);
  assert.ok(all[0].mark.y > all[4].mark.y, "low registers stand low");
  assert.deepEqual(all.slice(5).map(({ mark }) => mark.kind), ["other", "first", "beat"]);
  const many = columns(Array.from({ length: 40 }, (_, i) => felt[i % 5]));
  assert.equal(many.length, COLUMNS);
  for (const { x, bars } of many) for (const bar of bars) assert.ok(bar.x >= x && bar.x + bar.width <= SIZE.width);
});

test("wishes that make no sense become the defaults, and a browser without a store has them too", () => {
  assert.deepEqual(checked({ on: "yes", strength: 9, mapping: "pitch", rhythm: 3, other: null }), DEFAULTS);
  assert.deepEqual(checked(null), DEFAULTS);
  const box = new Map();
  const storage = () => ({ getItem: (key) => box.get(key) ?? null, setItem: (key, value) => box.set(key, value) });
  keep(storage, { ...DEFAULTS, strength: 5, other: true });
  assert.deepEqual(kept(storage), { ...DEFAULTS, strength: 5, other: true });
  const none = () => { throw new Error("denied"); };
  keep(none, DEFAULTS);
  assert.deepEqual(kept(none), DEFAULTS);
});

test("the blind test asks each register equally often, and counts what was right and what was near", () => {
  let state = 1;
  const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  const order = drawn(random);
  assert.equal(order.length, 10);
  for (const register of REGISTERS.keys()) assert.equal(order.filter((one) => one === register).length, 2);
  const perfect = new BlindTest(random);
  while (!perfect.isOver) assert.ok(perfect.answer(perfect.asked).right);
  assert.deepEqual(perfect.result, { n: 10, right: 10, near: 0, felt: true });
  assert.throws(() => perfect.answer(0), /over/);
  const stuck = new BlindTest(random);
  while (!stuck.isOver) stuck.answer(2);
  assert.deepEqual(stuck.result, { n: 10, right: 2, near: 4, felt: false });
});

test("what guessing gives is the tail of a binomial", () => {
  assert.equal(byGuessing(0, 10), 1);
  assert.ok(Math.abs(byGuessing(10, 10) - 0.2 ** 10) < 1e-12);
  assert.ok(Math.abs(byGuessing(1, 2, 2) - 0.75) < 1e-12);
  assert.ok(byGuessing(5, 10) < 0.05 && byGuessing(4, 10) > 0.05);
});
