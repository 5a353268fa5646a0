// What a trial asks for: the notes in groups that are struck together, marked as they are heard.

import { h } from "./dom.js";
import { Progress } from "./progress.js";

const SHOWN_GROUPS = 60;

export class PromptBox {
  constructor({ say, names }) {
    this.say = say;
    this.names = names;
    this.node = h("section", { class: "pl-prompt", hidden: true });
  }

  /** Ask for this prompt, PromptFields of pianolab/live/messages.py; null asks for nothing. */
  ask(prompt) {
    this.prompt = prompt;
    this.restart();
  }

  /** Nothing has been played yet. */
  restart() {
    if (this.prompt) this.progress = new Progress(this.prompt.notes);
    this.draw();
  }

  /** The same prompt in the words of another language. */
  translate(prompt) {
    this.prompt = prompt;
    this.draw();
  }

  /** A key was struck. */
  strike(midi) {
    if (this.prompt && this.progress.strike(midi) >= 0) this.draw();
  }

  draw() {
    this.node.hidden = !this.prompt;
    if (!this.prompt) return;
    const { title, chords } = this.prompt;
    const groups = chords.slice(0, SHOWN_GROUPS).map((chord) => this.group(chord));
    const list = h("ol", { tabindex: 0, "aria-label": () => this.say("prompt.notes") }, ...groups);
    this.node.replaceChildren(h("h3", {}, () => this.say("prompt.play", { title })), list);
    const next = list.querySelector(".pl-next");
    if (next) list.scrollTop = next.offsetTop - list.offsetTop - list.clientHeight / 3; // What is next is never out of sight.
  }

  group({ first, n, texts }) {
    const { symbol, keys } = texts[this.names.style];
    const notes = this.prompt.notes.slice(first, first + n).map(({ midi }, i) => {
      const name = keys[i] ?? this.names.of(midi);
      return this.progress.done[first + i] ? h("span", { class: "pl-done" }, `✓ ${name}`) : h("span", {}, name);
    });
    const kinds = [this.progress.hasDone(first, n) && "pl-done", this.progress.isNext(first, n) && "pl-next"];
    return h("li", { class: kinds.filter(Boolean).join(" ") },
      ...symbol ? [h("em", {}, () => this.say("prompt.symbol", { symbol }))] : [],
      ...notes.flatMap((note, i) => (i ? [" ", note] : [note])));
  }
}
