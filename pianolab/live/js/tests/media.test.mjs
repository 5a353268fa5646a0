// What the browser's own parts refuse, with parts that are not real.

import assert from "node:assert/strict";
import test from "node:test";
import { Analysis } from "../analysis.js";
import { Capture } from "../capture.js";

/** Let globals of a browser be there for as long as a test runs. */
function given(t, globals) {
  for (const [name, value] of Object.entries(globals)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { configurable: true, value });
    t.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
  }
}

test("samples at a rate that the browser cannot transform have a waveform and no spectrum", async (t) => {
  given(t, { OfflineAudioContext: class { constructor() { throw new RangeError("rate 2000 is out of range"); } } });
  const analysis = new Analysis();
  await analysis.give(Float32Array.from([0.25, 0.5]), 2000);
  assert.equal(analysis.sound.bins, null);
  assert.deepEqual([...analysis.sound.samples.subarray(-2)], [0.25, 0.5]);
  assert.equal(analysis.running, false);
});

for (const [how, addModule] of [["was read", async () => {}], ["was refused", async () => { throw new Error("closed"); }]]) {
  test(`a microphone that is let go while its recording code ${how} is closed and gives nothing`, async (t) => {
    const stopped = [];
    const track = { addEventListener() {}, stop: () => stopped.push("track"), getSettings: () => ({}), label: "Desk" };
    const media = { getAudioTracks: () => [track], getTracks: () => [track] };
    const capture = new Capture("", () => {}, () => {});
    const audioWorklet = { addModule(path) { capture.close(); return addModule(path); } };
    given(t, {
      navigator: { mediaDevices: { getUserMedia: async () => media } },
      AudioContext: class {
        sampleRate = 48000;
        state = "running";
        audioWorklet = audioWorklet;
        addEventListener() {}
        async resume() {}
        async close() { stopped.push("context"); }
      },
    });
    assert.equal(await capture.open(null), undefined);
    assert.deepEqual(stopped, ["track", "context"]);
  });
}
