// The set-up check before the first take: asks for middle C, says what was heard, and what to do about the loudness.

import { h, word } from "./dom.js";
import { CHECK_KEY, SoundCheck } from "./soundcheck.js";

/** Which buttons a state shows, by the last part of their texts' keys. */
const BUTTONS = { offered: ["begin", "later"], asking: [], heard: ["done"], closed: [] };

export class SetUp {
  /**
   * @param {Object} does What the page does: `begin()` listens, `done()` stops to listen, `ask(midi)` marks a key, or
   *   none for null.
   */
  constructor({ say, names }, does) {
    Object.assign(this, { say, names, does });
    this.check = new SoundCheck();
    this.text = h("p", { class: "pl-check-text", role: "status" });
    this.buttons = h("p", { class: "pl-check-buttons" });
    this.node = h("section", { class: "pl-check", "aria-label": () => say("check.title") }, this.text, this.buttons);
    this.again = h("button", { type: "button", class: "pl-check-again", onclick: () => does.begin() }, () => say("check.begin"));
    this.show();
  }

  /** Whether the check listens now: what is played is no take. */
  get runs() {
    return this.check.state === "asking" || this.check.state === "heard";
  }

  begin() {
    this.check.begin();
    this.does.ask(CHECK_KEY);
    this.show();
  }

  /** The check is over, or the player needs none. */
  close() {
    this.check.close();
    this.does.ask(null);
    this.show();
  }

  loud(peak, seconds) {
    if (!this.runs) return;
    this.check.loud(peak, seconds);
    this.show();
  }

  struck(midi, confidence) {
    this.check.struck(midi, confidence);
    this.show();
  }

  show() {
    const { state } = this.check;
    this.node.hidden = state === "closed";
    this.node.dataset.check = state;
    this.again.hidden = state !== "closed";
    const says = () => this.check.says((midi) => this.names.of(midi));
    word(this.text, () => says().map(([name, values]) => this.say(`check.${name}`, values)).join(" "));
    if (state === this.shown) return; // A button that stays keeps the keyboard.
    this.shown = state;
    this.buttons.replaceChildren(...BUTTONS[state].map((name) => this.button(name)));
  }

  button(name) {
    const act = { begin: () => this.does.begin(), later: () => this.close(), done: () => this.does.done() }[name];
    return h("button", { type: "button", class: `pl-check-${name}`, onclick: act }, () => this.say(`check.${name}`));
  }
}
