// The axis of the spectrum and its scale; that the browser's transform fits them, the browser tests hold.

import assert from "node:assert/strict";
import test from "node:test";
import { FLOOR_DB, FULL_SCALE_DB, HIGHEST_HZ, LOWEST_HZ, SEEN, WAVE, floats, hzAt, levelsAcross, place, waveAcross } from "../spectrum.js";

const SR = 44100;

/** Levels with all at the floor but the bin of this frequency. */
function peakAt(hz, db) {
  const bins = new Float32Array(SEEN / 2).fill(-200);
  bins[Math.round((hz * SEEN) / SR)] = db;
  return bins;
}

test("an octave has the same width everywhere, from A0 at the left edge", () => {
  assert.equal(place(LOWEST_HZ), 0);
  assert.equal(place(HIGHEST_HZ), 1);
  assert.ok(Math.abs(place(880) - place(440) - (place(110) - place(55))) < 1e-12);
  assert.ok(Math.abs(hzAt(place(440)) - 440) < 1e-9);
});

test("a peak is drawn at its frequency, within a bin or a pixel", () => {
  for (const hz of [55, 440, 3520]) {
    const levels = levelsAcross(peakAt(hz, -20), SR, 600);
    const top = levels.indexOf(Math.max(...levels));
    const widest = Math.max(SR / SEEN, hz * (2 ** (Math.log2(160) / 600) - 1));
    assert.ok(Math.abs(hzAt(top / 600) - hz) <= 1.5 * widest, `${hz} Hz at ${hzAt(top / 600)}`);
  }
});

test("no peak falls between two pixels", () => {
  for (let hz = 100; hz < 4000; hz *= 1.03) {
    assert.ok(Math.max(...levelsAcross(peakAt(hz, -20), SR, 300)) > FLOOR_DB, `${hz} Hz`);
  }
});

test("a sine of full scale stands at 0 dB, and silence at the floor", () => {
  const top = Math.max(...levelsAcross(peakAt(440, FULL_SCALE_DB), SR, 600));
  assert.ok(Math.abs(top) < 1e-5);
  assert.deepEqual(new Set(levelsAcross(new Float32Array(SEEN / 2).fill(-Infinity), SR, 600)), new Set([FLOOR_DB]));
});

test("above half of a low rate there is nothing, and nothing breaks", () => {
  const levels = levelsAcross(new Float32Array(SEEN / 2).fill(-20), 4000, 600);
  assert.equal(levels.length, 601);
  assert.equal(levels.at(-1), FLOOR_DB);
});

test("the waveform shows the last samples, and what is too loud at the edge", () => {
  const samples = new Float32Array(SEEN).fill(0.9);
  samples.fill(-3, SEEN - WAVE / 2);
  const wave = waveAcross(samples, 100);
  assert.ok(Math.abs(wave[0] - 0.9) < 1e-6);
  assert.equal(wave[100], -1);
  assert.ok(waveAcross(new Float32Array(SEEN), 100).every((y) => y === 0));
});

test("16-bit samples become numbers in [-1, 1], wherever they lie in their buffer", () => {
  const bytes = new Uint8Array(8);
  new Int16Array(bytes.buffer, 2, 3).set([-32768, 16384, 0]);
  assert.deepEqual([...floats(new DataView(bytes.buffer, 2, 6))], [-1, 0.5, 0]);
});
