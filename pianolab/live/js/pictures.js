// The three pictures, drawn again and again while a stream runs: the piano roll, the spectrum and the waveform.

import { Analysis } from "./analysis.js";
import { calm, h } from "./dom.js";
import { Roll } from "./roll.js";
import { Scope } from "./scope.js";
import { floats } from "./spectrum.js";

const FRAME_MS = 40; // between two drawings
const CALM_FRAME_MS = 500; // and for players who asked for less motion
const AHEAD_S = 0.2; // the roll runs on so long without a message

export class Pictures {
  /** @param {import("./session.js").Session} session */
  constructor(context, session) {
    const { say } = context;
    this.session = session;
    this.roll = new Roll(context);
    this.scope = new Scope(context);
    this.analysis = new Analysis();
    this.drawn = -Infinity;
    const picture = (key, canvas) => h("figure", {}, h("figcaption", {}, () => say(key)), canvas);
    this.node = h("section", { class: "pl-pictures" },
      picture("roll.title", this.roll.canvas),
      picture("spectrum.title", this.scope.spectrum),
      picture("wave.title", this.scope.wave));
    this.heard(0);
  }

  /** A new take begins. */
  clear() {
    this.roll.notes.clear();
    this.heard(0);
  }

  /** So many seconds of the stream were heard; the kernel sends samples of its own sources. */
  heard(seconds, pcm) {
    this.seconds = seconds;
    this.at = performance.now();
    if (pcm) this.analysis.give(floats(pcm), this.session.sr);
  }

  take(event) {
    this.roll.notes.take(event);
  }

  /** Draw while a stream runs, and once when it has ended. */
  redraw() {
    cancelAnimationFrame(this.frame);
    if (!this.session.on) this.analysis.clear();
    const step = () => {
      const due = performance.now() - this.drawn >= (calm() ? CALM_FRAME_MS : FRAME_MS);
      if (due || !this.session.on) this.draw();
      if (this.session.on) this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  draw() {
    const { capture, from, sr, state } = this.session;
    this.drawn = performance.now();
    const ahead = state === "running" ? Math.min(AHEAD_S, (this.drawn - this.at) / 1000) : 0;
    this.roll.draw(this.seconds + ahead);
    this.scope.draw(from ? this.analysis.sound : capture?.recent(), sr);
  }

  close() {
    cancelAnimationFrame(this.frame);
  }
}
