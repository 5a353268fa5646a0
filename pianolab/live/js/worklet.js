// In the browser's audio thread: the microphone's samples become numbered blocks of 16-bit whole numbers.
// This file has no imports, because the browser runs its text by itself.

class Blocks extends AudioWorkletProcessor {
  constructor(options) {
    super();
    this.block = new Int16Array(options.processorOptions.block);
    this.filled = 0; // samples in the block so far
    this.first = -1; // the context's number of the first sample
    this.start = 0; // number of the block's first sample, counted from the first of all
    this.over = false;
    this.port.onmessage = () => {
      this.post();
      this.port.postMessage({ ended: true });
      this.over = true;
    };
  }

  post() {
    if (!this.filled) return;
    const pcm = this.block.slice(0, this.filled);
    this.port.postMessage({ frame: this.start, pcm: pcm.buffer, n: this.filled, at: Date.now() }, [pcm.buffer]);
    this.start += this.filled;
    this.filled = 0;
  }

  process(inputs) {
    if (this.over) return false;
    const input = inputs[0][0];
    if (!input) return true;
    if (this.first < 0) this.first = currentFrame;
    if (currentFrame !== this.first + this.start + this.filled) {
      this.post(); // Samples never came: the next block begins behind the hole, and its number says so.
      this.start = currentFrame - this.first;
    }
    for (const x of input) {
      this.block[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(x * 32768)));
      if (this.filled === this.block.length) this.post();
    }
    return true;
  }
}

registerProcessor("pianolab-blocks", Blocks);
