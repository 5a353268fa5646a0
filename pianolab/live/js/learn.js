// The player's own piano: asks for a few notes one by one, shows what was heard, and says what was learnt.

import { h, word } from "./dom.js";

const LOOK_MS = 500; // how often the page asks whether the piano is learnt

/** Which buttons a state shows, by the last part of their texts' keys. */
export function buttonsOf({ state, in_use: inUse }) {
  if (state === "learning") return [];
  if (state === "quiet") return ["give_up"];
  if (state === "asking" || state === "done") return ["skip", "repeat", "give_up"];
  return inUse ? ["again", "forget"] : ["begin"];
}

export class Learn {
  /**
   * @param {function(Object): void} send
   * @param {function(): void} start Let the microphone run, if it does not yet.
   */
  constructor({ say }, send, start) {
    Object.assign(this, { say, send, start });
    this.now = { state: "idle", number: 0, of: 0, prompt: "", heard: "", report: [], in_use: false, problem: "" };
    this.prompt = h("p", { class: "pl-learn-prompt", role: "status" });
    this.heard = h("p", { class: "pl-learn-heard", role: "status" });
    this.buttons = h("p", { class: "pl-learn-buttons" });
    this.report = h("ul", { class: "pl-learn-report" });
    this.about = h("p", { class: "pl-small" }, () => say("learn.about"));
    this.node = h("details", { class: "pl-learn" }, h("summary", {}, () => say("learn.title")),
      this.about, this.prompt, this.heard, this.buttons, this.report);
    this.shownButtons = "";
  }

  /** @param {Object} now LearningFields of pianolab/live/messages.py. */
  show(now) {
    const { state } = this.now;
    this.now = now;
    if (now.state === "learning" && state !== "learning") this.look();
    this.draw();
  }

  /** Ask until the piano is learnt; while the microphone runs the answers to its blocks tell it as well. */
  look() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.now.state !== "learning") return;
      this.send({ type: "learn", what: "show" });
      this.look();
    }, LOOK_MS);
  }

  draw() {
    const { state, number, of, prompt, heard, report, in_use: inUse, problem } = this.now;
    if (state !== "idle") this.node.open = true;
    const place = of ? () => `${this.say("learn.number", { number: Math.min(number + 1, of), of })} · ` : () => "";
    const idle = inUse ? () => this.say("learn.in_use") : () => "";
    word(this.prompt, state === "learning" ? () => this.say("learn.working") : state === "idle" ? idle : () => `${place()}${prompt}`);
    word(this.heard, () => (problem ? `⚠ ${problem}` : heard));
    this.report.replaceChildren(...report.map((line) => h("li", {}, line)));
    const names = buttonsOf(this.now);
    if (names.join() === this.shownButtons) return; // A button that stays keeps the keyboard.
    this.shownButtons = names.join();
    this.buttons.replaceChildren(...names.map((name) => this.button(name)));
  }

  button(name) {
    const attributes = { type: "button", class: `pl-learn-${name}`, onclick: () => this.act(name) };
    return h("button", attributes, () => this.say(`learn.${name}`));
  }

  act(name) {
    const begins = name === "begin" || name === "again";
    this.send({ type: "learn", what: begins ? "begin" : name });
    if (begins) this.start();
  }

  close() {
    clearTimeout(this.timer);
  }
}
