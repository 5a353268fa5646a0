// The drawings of the spectrum and of the waveform.

import { fitted, h } from "./dom.js";
import { FLOOR_DB, MARKED_HZ, WAVE, levelsAcross, place, waveAcross } from "./spectrum.js";

const FONT = "12px system-ui, sans-serif";

const line = (pen, ink, heights) => {
  pen.beginPath();
  heights.forEach((y, x) => (x ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.strokeStyle = ink.a;
  pen.lineWidth = 1.5;
  pen.stroke();
};

export class Scope {
  constructor(context) {
    const { say } = context;
    this.context = context;
    this.spectrum = h("canvas", { class: "pl-spectrum", role: "img", "aria-label": () => say("spectrum.picture") });
    this.wave = h("canvas", { class: "pl-wave", role: "img", "aria-label": () => say("wave.picture") });
  }

  /** @param {?{samples: Float32Array, bins: Float32Array}} sound The last of it, or null where there is none. */
  draw(sound, sr) {
    this.drawSpectrum(sound?.bins, sr);
    this.drawWave(sound?.samples, sr);
  }

  drawSpectrum(bins, sr) {
    const [pen, width, height] = fitted(this.spectrum);
    const ink = this.context.colours();
    const bottom = height - 18;
    pen.font = FONT;
    pen.textAlign = "center";
    for (const hz of MARKED_HZ) {
      pen.fillStyle = ink.line;
      pen.fillRect(place(hz) * width, 0, 1, bottom);
      pen.fillStyle = ink.text;
      pen.fillText(hz >= 1000 ? `${hz / 1000}k` : `${hz}`, place(hz) * width, height - 4);
    }
    pen.textAlign = "left";
    pen.fillText("Hz", 2, height - 4);
    pen.fillText("0 dB", 2, 12);
    pen.fillText(`−${-FLOOR_DB} dB`, 2, bottom - 4);
    if (bins) line(pen, ink, levelsAcross(bins, sr, width).map((level) => (level / FLOOR_DB) * bottom));
  }

  drawWave(samples, sr) {
    const [pen, width, height] = fitted(this.wave);
    const ink = this.context.colours();
    pen.fillStyle = ink.line;
    pen.fillRect(0, height / 2, width, 1);
    pen.font = FONT;
    pen.fillStyle = ink.text;
    pen.fillText("+1", 2, 12);
    pen.fillText("−1", 2, height - 4);
    if (!samples) return;
    pen.fillText(this.context.say("wave.length", { ms: Math.round((1000 * WAVE) / sr) }), width - 44, height - 4);
    line(pen, ink, waveAcross(samples, width).map((y) => (0.5 - 0.48 * y) * height));
  }
}
