// The browser's microphone: clean samples in numbered blocks, the last of them for the pictures, and the sound back.

import { SEEN } from "./spectrum.js";
import { Trouble, captureCode } from "./troubles.js";

const PROCESSING = ["echoCancellation", "noiseSuppression", "autoGainControl"]; // what a browser does to speech
const CLEAN = { ...Object.fromEntries(PROCESSING.map((name) => [name, false])), channelCount: 1 };
const LAST_BLOCK_MS = 300; // so long the last block is waited for
const BAND_Q = 8; // the band-pass around the note heard is an eighth of its frequency wide
const RESUME_MS = 3000; // so long the browser may take to start its sound
const OPEN_MS = 7000; // and so long to give the microphone, the player's answer included
const GLIDE_S = 0.02; // the sound back changes so fast, without a click

/** What comes within so many milliseconds; else a trouble, and `late` is told of what comes after all. */
function within(promise, ms, code, late = () => {}) {
  return new Promise((resolve, reject) => {
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      reject(new Trouble(code));
    }, Math.max(0, ms));
    const settled = (settle, value) => {
      clearTimeout(timer);
      if (over) late(value);
      else settle(value);
    };
    promise.then((value) => settled(resolve, value), (error) => settled(reject, error));
  });
}

/** Calls back when the cause of a trouble is gone, where the browser tells of it. */
async function whenMended(code, mended) {
  const media = navigator.mediaDevices;
  if (["denied", "unplugged"].includes(code)) {
    const permission = await navigator.permissions?.query({ name: "microphone" }).catch(() => null);
    permission?.addEventListener("change", () => { if (permission.state !== "denied") mended(); });
  }
  if (!["nodevice", "gone", "unplugged"].includes(code)) return;
  const look = async () => {
    if (!(await media.enumerateDevices()).some(({ kind }) => kind === "audioinput")) return;
    media.removeEventListener("devicechange", look);
    mended();
  };
  media?.addEventListener?.("devicechange", look);
}

export class Capture {
  /**
   * @param {string} worklet The text of worklet.js.
   * @param {function({frame: number, pcm: ArrayBuffer, n: number, lateMs: number}): void} onBlock
   * @param {function(string, string=): void} onTrouble A code that begins, and one that ends.
   */
  constructor(worklet, onBlock, onTrouble) {
    Object.assign(this, { worklet, onBlock, onTrouble });
  }

  /**
   * Ask for the microphone.
   * @returns {Promise<Object|undefined>} Its rate, its name, and what of the browser's processing stayed on.
   * @throws {Trouble} With what went wrong.
   */
  async open(deviceId) {
    if (!navigator.mediaDevices?.getUserMedia) throw new Trouble("insecure");
    const deadline = performance.now() + OPEN_MS;
    this.context = new AudioContext(); // the device's own rate: Firefox refuses any other
    await within(this.context.resume(), RESUME_MS, "nosound");
    const audio = deviceId ? { ...CLEAN, deviceId: { exact: deviceId } } : CLEAN;
    try {
      const asked = navigator.mediaDevices.getUserMedia({ audio, video: false });
      this.media = await within(asked, deadline - performance.now(), "unanswered", (media) => this.late(media));
    } catch (error) {
      if (error instanceof Trouble) throw error;
      const code = captureCode(error);
      this.watchFor(code);
      throw new Trouble(code, `${error.name}: ${error.message}`);
    }
    if (!this.context) return this.close(); // It was closed while the browser asked the player.
    const [track] = this.media.getAudioTracks();
    this.watch(track);
    await within(this.addModule(), deadline - performance.now(), "worklet");
    if (!this.context) return this.close(); // Or while the recording code was read.
    const got = track.getSettings();
    const processing = PROCESSING.filter((name) => got[name]);
    return { sr: this.context.sampleRate, label: track.label, processing, channels: got.channelCount ?? null };
  }

  /** The player answered after nobody waited any more: that microphone is let go. */
  late(media) {
    for (const track of media.getTracks?.() ?? []) track.stop(); // A refusal has none.
    this.onTrouble("", "unanswered");
  }

  watchFor(code) {
    whenMended(code, () => this.onTrouble("", code));
  }

  watch(track) {
    track.addEventListener("ended", () => {
      this.onTrouble("unplugged");
      this.watchFor("unplugged");
    });
    track.addEventListener("mute", () => this.onTrouble("muted"));
    track.addEventListener("unmute", () => this.onTrouble("", "muted"));
    this.context.addEventListener("statechange", () => {
      if (!this.context) return;
      if (this.context.state === "running") this.onTrouble("", "suspended");
      else if (this.context.state !== "closed") this.onTrouble("suspended");
    });
  }

  // Some policies for pages forbid blob: and allow data:, others the other way round.
  async addModule() {
    const blob = URL.createObjectURL(new Blob([this.worklet], { type: "text/javascript" }));
    const { audioWorklet } = this.context;
    try {
      await audioWorklet.addModule(blob)
        .catch(() => audioWorklet.addModule(`data:text/javascript,${encodeURIComponent(this.worklet)}`));
    } catch (error) {
      if (this.context) throw new Trouble("worklet", String(error)); // A closed context may refuse it.
    } finally {
      URL.revokeObjectURL(blob);
    }
  }

  /** Let the blocks come, each of so many samples. */
  run(block) {
    this.source = this.context.createMediaStreamSource(this.media);
    this.node = new AudioWorkletNode(this.context, "pianolab-blocks", {
      numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit", processorOptions: { block },
    });
    this.node.onprocessorerror = () => this.onTrouble("processor");
    this.node.port.onmessage = ({ data: { ended, at, ...given } }) => {
      if (ended) this.ended?.();
      else this.onBlock({ ...given, lateMs: Math.max(0, Date.now() - at) }); // A busy page takes it late.
    };
    this.analyser = new AnalyserNode(this.context, { fftSize: SEEN, smoothingTimeConstant: 0 });
    this.recentSound = { samples: new Float32Array(SEEN), bins: new Float32Array(SEEN / 2) };
    this.source.connect(this.node);
    this.source.connect(this.analyser);
  }

  /** The last samples and their levels, for the pictures. */
  recent() {
    if (!this.analyser) return null;
    this.analyser.getFloatTimeDomainData(this.recentSound.samples);
    this.analyser.getFloatFrequencyData(this.recentSound.bins);
    return this.recentSound;
  }

  /** The sound back: `off`, `gain` (as it is) or `band` (only around a frequency). */
  monitor(mode, volume, hz) {
    if (!this.source) return;
    if (this.back && this.back.mode !== mode) this.endMonitor();
    if (mode === "off") return;
    this.back ??= this.beginMonitor(mode, hz);
    const now = this.context.currentTime;
    this.back.gain.gain.setTargetAtTime(volume, now, GLIDE_S);
    if (mode === "band" && hz) this.back.first.frequency.setTargetAtTime(hz, now, GLIDE_S);
  }

  beginMonitor(mode, hz) {
    const gain = new GainNode(this.context, { gain: 0 });
    const first = mode === "band"
      ? new BiquadFilterNode(this.context, { type: "bandpass", Q: BAND_Q, frequency: hz || 440 })
      : gain;
    if (first !== gain) first.connect(gain);
    this.source.connect(first);
    gain.connect(this.context.destination);
    return { mode, first, gain };
  }

  endMonitor() {
    this.source.disconnect(this.back.first);
    this.back.first.disconnect();
    this.back.gain.disconnect();
    this.back = null;
  }

  /** The last samples, then no more. */
  async finish() {
    if (!this.node) return;
    const last = new Promise((resolve) => { this.ended = resolve; });
    this.node.port.postMessage("end");
    await Promise.race([last, new Promise((resolve) => setTimeout(resolve, LAST_BLOCK_MS))]);
  }

  /** Let go of the microphone at once. */
  close() {
    const { media, context } = this;
    this.media = this.context = this.node = this.source = this.analyser = this.back = null;
    for (const track of media?.getTracks() ?? []) track.stop();
    if (context && context.state !== "closed") context.close().catch(() => {});
  }
}
