// The detectors that listen, one or two beside each other, and what each event of theirs changes on the page.

import { LETTERS } from "./context.js";
import { h } from "./dom.js";
import { Listener } from "./listener.js";

export class Listeners {
  /**
   * @param {Object} parts
   * @param {import("./notelog.js").NoteLog} parts.log
   * @param {import("./pictures.js").Pictures} parts.pictures
   * @param {function(number, number, number): void} parts.onStroke The first detector has heard this key struck, so
   *   surely, as the stroke of this number.
   * @param {import("./prompt.js").PromptBox} parts.prompt Is told where a stroke turns out to be of another key.
   */
  constructor(context, { log, pictures, prompt, onStroke }) {
    Object.assign(this, { context, log, pictures, prompt, onStroke });
    this.all = [];
    this.now = []; // what sounds, for each listener
    this.pedals = []; // how the sustain pedal is, for each listener that hears it
    this.node = h("div", { class: "pl-listeners" });
    this.listenWith([""], () => false);
  }

  /** As many listeners as detectors, told by name; `polyphonic` says of each whether it hears many keys. */
  listenWith(detectors, polyphonic) {
    while (this.all.length > detectors.length) this.all.pop().node.remove();
    while (this.all.length < detectors.length) {
      const listener = new Listener(this.all.length, this.context);
      this.all.push(listener);
      this.node.append(listener.node);
    }
    const alone = detectors.length === 1;
    this.all.forEach((listener, i) => listener.listen(detectors[i], { polyphonic: polyphonic(detectors[i]), alone }));
    this.log.readNotes(this.polyphonic);
  }

  /** Whether the first detector hears many keys. */
  get polyphonic() {
    return this.all[0].polyphonic;
  }

  /** A new take begins. */
  clear() {
    this.now = this.pedals = [];
    for (const listener of this.all) listener.clear();
  }

  /** Nothing sounds any more. */
  rest() {
    this.now = this.pedals = [];
    for (const listener of this.all) listener.end();
  }

  /** Events of the kernel, and what sounds and how the pedals are behind them where it says so. */
  take(events, now = this.now, pedals = this.pedals) {
    this.now = now;
    this.pedals = pedals;
    for (const event of events) this.takeOne(event);
    this.show();
  }

  takeOne(event) {
    if (event.kind === "gap") {
      this.log.gap(event);
      return;
    }
    const listener = this.all[event.listener];
    if (!listener) return;
    const told = { ...event, language: this.context.texts.language };
    const letter = this.all.length > 1 ? LETTERS[event.listener] : "";
    const first = event.listener === 0;
    listener.take(told);
    this.pictures.take(told);
    if (event.kind === "chord" && event.struck) this.log.chord(told, letter, first);
    if (event.kind === "revised" && first) this.prompt.revise(event.midi, event.note);
    if (event.kind !== "on") return;
    if (first) this.onStroke(event);
    if (!listener.polyphonic) this.log.note(event, letter); // Chords are written when their keys have settled.
  }

  /** Mark the key that the player is asked to play; null marks none. */
  ask(midi) {
    this.all[0].keyboard.ask(midi);
  }

  show() {
    this.all.forEach((listener, i) => listener.show(this.now[i] ?? [], this.pedals[i]));
  }

  /** What each listener did not tell, because it was no piano; see AwayNow in pianolab/live/messages.py. */
  turnAway(away) {
    away.forEach((one, i) => this.all[i]?.turnAway(one));
  }

  /** The last chord of each listener in another language. */
  translate(chords) {
    for (const chord of chords) this.all[chord.listener]?.translate({ ...chord, language: this.context.texts.language });
    this.show();
  }

  /** The note names have changed. */
  rename() {
    for (const { keyboard } of this.all) keyboard.rename();
    this.show();
  }
}
