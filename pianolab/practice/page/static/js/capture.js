// The microphone: its samples in blocks, as they are, without what a browser does for telephony.

const PLAIN = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

/** Why there is no microphone: a key of the texts. */
export class MicrophoneError extends Error {
  constructor(code, why = "") {
    super(why || code);
    this.code = code;
  }
}

/** The key of the text that says why a microphone was not given. */
export function reasonOf(error) {
  if (error.name === "NotAllowedError" || error.name === "SecurityError") return "microphone.denied";
  if (error.name === "NotFoundError" || error.name === "OverconstrainedError") return "microphone.none";
  return "microphone.failed";
}

export class Capture {
  /** @param {function({pcm: ArrayBuffer}|{missing: number})} onBlock @param {function()} onEnded It was unplugged. */
  constructor(onBlock, onEnded) {
    Object.assign(this, { onBlock, onEnded });
  }

  /** Ask for the microphone; gives its rate in Hz. */
  async open() {
    if (!navigator.mediaDevices?.getUserMedia) throw new MicrophoneError("microphone.insecure");
    this.audio = new AudioContext();
    try {
      this.media = await navigator.mediaDevices.getUserMedia({ audio: PLAIN });
      await this.audio.resume();
      await this.audio.audioWorklet.addModule("/worklet.js");
    } catch (error) {
      this.close();
      throw new MicrophoneError(reasonOf(error), error.message);
    }
    this.media.getAudioTracks()[0].onended = () => this.onEnded();
    return this.audio.sampleRate;
  }

  /** Let the blocks come. */
  run() {
    const blocks = new AudioWorkletNode(this.audio, "blocks", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    blocks.port.onmessage = ({ data }) => this.onBlock(data);
    this.source = this.audio.createMediaStreamSource(this.media);
    this.source.connect(blocks);
  }

  close() {
    for (const track of this.media?.getTracks() ?? []) track.stop();
    this.audio?.close().catch(() => {});
    this.media = this.audio = null;
  }
}
