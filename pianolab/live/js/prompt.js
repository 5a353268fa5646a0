// What a trial asks for: the notes in groups that are struck together, marked as they are heard. A wrong key is said at
// once, with the one that was asked for.

import { h, word } from "./dom.js";
import { Progress } from "./progress.js";

const SHOWN_GROUPS = 60;

export class PromptBox {
  constructor({ say, names }) {
    this.say = say;
    this.names = names;
    this.node = h("section", { class: "pl-prompt", hidden: true });
    this.told = h("p", { class: "pl-prompt-told", role: "status" });
  }

  /** Ask for this prompt, PromptFields of pianolab/live/messages.py; null asks for nothing. */
  ask(prompt) {
    this.prompt = prompt;
    this.restart();
  }

  /** Nothing has been played yet. */
  restart() {
    if (this.prompt) this.progress = new Progress(this.prompt.notes);
    this.told.replaceChildren();
    this.draw();
  }

  /** The same prompt in the words of another language. */
  translate(prompt) {
    this.prompt = prompt;
    this.draw();
  }

  /** A key was struck; see NoteHeard of pianolab/live/messages.py. */
  strike({ midi, note, ...how }) {
    if (this.prompt) this.tell(midi, this.progress.strike(midi, note, how));
  }

  /** A stroke turned out to be of another key. */
  revise(midi, note) {
    const anew = this.prompt && this.progress.revise(midi, note);
    if (anew) this.tell(midi, anew);
  }

  tell(midi, { what, i }) {
    const heard = () => this.names.of(midi);
    if (what === "perhaps") return;
    if (what === "right") this.told.replaceChildren();
    else if (what === "again") word(this.told, () => this.say("prompt.again", { heard: heard() }));
    else if (what === "extra") word(this.told, () => this.say("prompt.extra", { heard: heard() }));
    else word(this.told, () => this.say(`prompt.${what}`, { heard: heard(), asked: this.names.of(this.prompt.notes[i].midi) }));
    this.draw();
  }

  draw() {
    this.node.hidden = !this.prompt;
    if (!this.prompt) return;
    const { title, chords } = this.prompt;
    const groups = chords.slice(0, SHOWN_GROUPS).map((chord) => this.group(chord));
    const list = h("ol", { tabindex: 0, "aria-label": () => this.say("prompt.notes") }, ...groups);
    this.node.replaceChildren(h("h3", {}, () => this.say("prompt.play", { title })), list, this.told);
    const next = list.querySelector(".pl-next");
    if (!next) return;
    list.scrollTop = next.offsetTop - list.offsetTop - list.clientHeight / 3; // What is next is never out of sight,
    list.scrollLeft = next.offsetLeft - list.offsetLeft - list.clientWidth / 3; // also where all stand in one row.
  }

  group({ first, n, texts }) {
    const { symbol, keys } = texts[this.names.style];
    const notes = this.prompt.notes.slice(first, first + n).map(({ midi }, k) => this.note(first + k, keys[k] ?? this.names.of(midi)));
    const kinds = [this.progress.hasDone(first, n) && "pl-done", this.progress.isNext(first, n) && "pl-next"];
    return h("li", { class: kinds.filter(Boolean).join(" ") },
      ...symbol ? [h("em", {}, () => this.say("prompt.symbol", { symbol }))] : [],
      ...notes.flatMap((note, i) => (i ? [" ", note] : [note])));
  }

  note(i, name) {
    const state = this.progress.states[i];
    if (state === "done") return h("span", { class: "pl-done" }, `✓ ${name}`);
    if (state === "wrong") return h("span", { class: "pl-wrong" }, `✗ ${name}`);
    return h("span", {}, state === "left" ? `○ ${name}` : name);
  }
}
