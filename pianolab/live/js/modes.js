// One note at a time, or chords: a click takes the detector that suits.

import { h, uniqueId } from "./dom.js";

export class Modes {
  /** @param {function(string): void} onChoice Is called with the detector of the way that was clicked. */
  constructor({ say }, onChoice) {
    Object.assign(this, { say, onChoice });
    this.radios = {};
    this.modes = {};
    this.node = h("fieldset", { class: "pl-modes", hidden: true }, h("legend", { class: "pl-unseen" }, () => say("modes")));
  }

  /** @param {Object<string, string>} modes The detector of `single` and of `chords`, where there is one. */
  offer(modes) {
    this.modes = modes;
    const name = uniqueId();
    const labels = Object.entries(modes).map(([mode, detector]) => {
      const attributes = { type: "radio", name, value: mode, id: uniqueId(), class: `pl-mode-${mode}` };
      const input = h("input", { ...attributes, onchange: () => this.onChoice(detector) });
      this.radios[mode] = input;
      return h("label", { for: input.id }, input, " ", () => this.say(`mode.${mode}`));
    });
    this.node.hidden = labels.length < 2;
    this.node.replaceChildren(this.node.firstChild, ...labels);
  }

  /** The way that begins with this detector, or null: then only its name tells how it listens. */
  of(detector) {
    return Object.keys(this.modes).find((mode) => this.modes[mode] === detector) ?? null;
  }

  show(polyphonic) {
    const radio = this.radios[polyphonic ? "chords" : "single"];
    if (radio) radio.checked = true;
  }

  /** How it listens, in plain words; a detector that no way begins with is named. */
  how(choices) {
    const [{ detector }, ...others] = choices;
    const mode = others.length ? null : this.of(detector);
    return mode ? this.say(`listens.${mode}`) : this.say("listens.with", { detectors: choices.map((one) => one.detector).join(", ") });
  }
}
