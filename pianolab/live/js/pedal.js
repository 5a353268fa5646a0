// The mark of the sustain pedal below the keys: a sign, a word and a bar, so that it is never told by colour alone.

import { h, word } from "./dom.js";

/** How sure it is in percent that the pedal is where it is said to be. */
export function surePercent({ down, sure }) {
  return Math.round(100 * Math.min(1, Math.max(0, down ? sure : 1 - sure)));
}

export class PedalMark {
  constructor({ say }) {
    this.say = say;
    this.sign = h("span", { class: "pl-pedal-sign", "aria-hidden": "true" });
    this.text = h("span", { class: "pl-pedal-text" });
    this.fill = h("div", { class: "pl-fill" });
    const bar = h("div", { class: "pl-bar", "aria-hidden": "true" }, this.fill); // The text says the same.
    this.node = h("p", { class: "pl-pedal", hidden: true }, this.sign, this.text, bar);
  }

  /** @param {?{down: boolean, sure: number}} pedal PedalNow of pianolab/live/messages.py; null hides the mark. */
  show(pedal) {
    this.node.hidden = !pedal;
    if (!pedal) return;
    const percent = surePercent(pedal);
    this.node.classList.toggle("pl-pedal-down", pedal.down);
    word(this.sign, () => (pedal.down ? "▼" : "△"));
    word(this.text, () => this.say(pedal.down ? "pedal.down" : "pedal.up", { percent }));
    this.fill.style.width = `${percent}%`;
  }
}
