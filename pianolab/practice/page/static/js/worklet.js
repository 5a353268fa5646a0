// In the browser's audio thread: what the microphone captures becomes blocks of 16-bit samples.

class Blocks extends AudioWorkletProcessor {
  block = [];
  next = currentFrame; // number of the sample that should come next

  process([[input]]) {
    if (!input) return true;
    const missing = currentFrame - this.next;
    if (missing > 0) {
      this.post(); // what came before the hole
      this.port.postMessage({ missing });
    }
    this.next = currentFrame + input.length;
    this.block.push(...input.map((x) => Math.max(-32768, Math.min(32767, Math.round(x * 32768)))));
    if (this.block.length >= 1024) this.post();
    return true;
  }

  post() {
    if (this.block.length) this.port.postMessage({ pcm: Int16Array.from(this.block).buffer });
    this.block = [];
  }
}

registerProcessor("blocks", Blocks);
