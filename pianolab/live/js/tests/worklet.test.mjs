// The recording code, in a worklet that is not the browser's: numbered blocks of 16-bit samples, holes and all.

import assert from "node:assert/strict";
import test from "node:test";
import { runInNewContext } from "node:vm";
import { textOf } from "./sources.mjs";

const QUANTUM = 128;

/** The processor with blocks of this length, as the browser would make it. */
function recording(block) {
  const posted = [];
  const scope = { currentFrame: 0, Int16Array, Math };
  scope.AudioWorkletProcessor = class {
    constructor() {
      this.port = { postMessage: (message) => posted.push(message), onmessage: null };
    }
  };
  scope.registerProcessor = (name, Processor) => Object.assign(scope, { name, Processor });
  runInNewContext(textOf("worklet.js"), scope);
  assert.equal(scope.name, "pianolab-blocks");
  const processor = new scope.Processor({ processorOptions: { block } });
  const give = (samples, at = scope.currentFrame) => {
    scope.currentFrame = at;
    const goesOn = processor.process([[Float32Array.from(samples)]]);
    scope.currentFrame += samples.length;
    return goesOn;
  };
  return { processor, posted, give, scope };
}

const ramp = (from, n) => Array.from({ length: n }, (_, i) => (from + i) / 32768);
const samplesOf = ({ pcm }) => [...new Int16Array(pcm)];

test("samples come out in blocks of the length asked for, numbered from the first", () => {
  const { posted, give } = recording(1024);
  for (let i = 0; i < 16; i++) give(ramp(i * QUANTUM, QUANTUM), 5000 + i * QUANTUM);
  assert.deepEqual(posted.map(({ frame, n }) => [frame, n]), [[0, 1024], [1024, 1024]]);
  assert.deepEqual(posted.flatMap(samplesOf), Array.from({ length: 2048 }, (_, i) => i));
});

test("a block need not be a multiple of what the browser gives at once", () => {
  const { posted, give } = recording(100);
  for (let i = 0; i < 3; i++) give(ramp(i * QUANTUM, QUANTUM));
  assert.deepEqual(posted.map(({ frame }) => frame), [0, 100, 200]);
  assert.deepEqual(posted.flatMap(samplesOf), Array.from({ length: 300 }, (_, i) => i));
});

test("samples that never came leave a hole in the numbers", () => {
  const { posted, give } = recording(256);
  give(ramp(0, QUANTUM), 0);
  give(ramp(500, QUANTUM), 500);
  give(ramp(628, QUANTUM), 628);
  assert.deepEqual(posted.map(({ frame, n }) => [frame, n]), [[0, 128], [500, 256]]);
});

test("what is too loud is clipped at full scale, and full scale is 32768 steps", () => {
  const { posted, give } = recording(6);
  give([0, 0.5, 1, -1, 3, -3]);
  assert.deepEqual(samplesOf(posted[0]), [0, 16384, 32767, -32768, 32767, -32768]);
});

test("at the end the unfinished block comes out, then a word that it was the last, then silence", () => {
  const { processor, posted, give } = recording(1024);
  assert.equal(give(ramp(0, QUANTUM)), true);
  processor.port.onmessage({ data: "end" });
  assert.deepEqual(posted.map(({ n, ended }) => n ?? ended), [QUANTUM, true]);
  assert.equal(give(ramp(0, QUANTUM)), false);
  assert.equal(posted.length, 2);
});

test("a microphone that gives nothing yet is waited for, and the first sample is number 0", () => {
  const { processor, posted, give, scope } = recording(128);
  assert.equal(processor.process([[]]), true);
  scope.currentFrame = 9999;
  give(ramp(0, QUANTUM));
  assert.equal(posted[0].frame, 0);
});
