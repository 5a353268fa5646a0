// The levels of samples that the kernel captured. The browser transforms them as it does those of its own microphone:
// they are played, without a sound and faster than time, into an AnalyserNode.

import { SEEN } from "./spectrum.js";

export class Analysis {
  constructor() {
    this.sound = null; // the last samples with their levels
    this.running = false;
  }

  /** Forget what was heard. */
  clear() {
    this.sound = null;
  }

  /** Analyse the newest samples; what comes while the browser is at work with others is left out. */
  async give(samples, sr) {
    if (this.running) return;
    this.running = true;
    try {
      const last = new Float32Array(SEEN); // silence before the sound where there are fewer
      last.set(samples.subarray(-SEEN), Math.max(0, SEEN - samples.length));
      // The browser may refuse a rate that a source of the kernel has: then there is a waveform and no spectrum.
      this.sound = { samples: last, bins: await levels(last, sr).catch(() => null) };
    } finally {
      this.running = false;
    }
  }
}

async function levels(samples, sr) {
  const context = new OfflineAudioContext(1, SEEN, sr);
  const buffer = context.createBuffer(1, SEEN, sr);
  buffer.copyToChannel(samples, 0);
  const player = new AudioBufferSourceNode(context, { buffer });
  const analyser = new AnalyserNode(context, { fftSize: SEEN, smoothingTimeConstant: 0 });
  player.connect(analyser).connect(context.destination);
  player.start();
  await context.startRendering();
  const bins = new Float32Array(SEEN / 2);
  analyser.getFloatFrequencyData(bins);
  return bins;
}
