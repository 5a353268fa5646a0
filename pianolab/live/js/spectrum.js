// The pictures of a sound without their drawing. The browser's AnalyserNode transforms; here its levels are brought to
// the scale of a player and laid on an axis of octaves.

export const SEEN = 8192; // samples in the picture of the spectrum
export const WAVE = 2048; // and of the waveform
export const LOWEST_HZ = 27.5; // A0
export const HIGHEST_HZ = 4400;
export const FLOOR_DB = -100;
export const MARKED_HZ = [55, 110, 220, 440, 880, 1760, 3520];
const OCTAVES = Math.log2(HIGHEST_HZ / LOWEST_HZ);

// An AnalyserNode divides its transform by the number of samples and weighs them with a Blackman window, whose mean is
// 0.42 (Web Audio API, 1.8.6). Half of a sine lies in the bin of its frequency: so one of full scale has 20 log10(0.21).
export const FULL_SCALE_DB = 20 * Math.log10(0.42 / 2);

/** Where a frequency lies, as a share of the picture's width. */
export const place = (hz) => Math.log2(hz / LOWEST_HZ) / OCTAVES;

/** The frequency that lies at a share of the width. */
export const hzAt = (share) => LOWEST_HZ * 2 ** (share * OCTAVES);

/**
 * The level above each pixel, 0 dB for a sine of full scale: the loudest of the bins that fall on it.
 * @param {Float32Array} bins Levels in dB, as an AnalyserNode gives them: half as many as it was given samples.
 */
export function levelsAcross(bins, sr, width) {
  const step = sr / (2 * bins.length);
  const bin = (x) => Math.round(hzAt(x / width) / step);
  return Array.from({ length: width + 1 }, (_, x) => {
    let level = FLOOR_DB;
    for (let i = bin(x); i <= bin(x + 1); i++) level = Math.max(level, (bins[i] ?? -Infinity) - FULL_SCALE_DB);
    return Math.min(0, level);
  });
}

/** The amplitude above each pixel, in [-1, 1], of the last samples. */
export function waveAcross(samples, width) {
  const first = samples.length - WAVE;
  return Array.from({ length: width + 1 }, (_, x) => {
    const y = samples[first + Math.floor((x / (width + 1)) * WAVE)];
    return Math.max(-1, Math.min(1, y));
  });
}

/** 16-bit samples as they travel, in [-1, 1]. */
export function floats(view) {
  const pcm = new Int16Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  return Float32Array.from(pcm, (x) => x / 32768);
}
