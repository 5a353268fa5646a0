// One detector on the page: its name, the note or chord that sounds, cents, confidence, and the keys.

import { LETTERS } from "./context.js";
import { h, word } from "./dom.js";
import { Heard } from "./heard.js";
import { Keyboard } from "./keyboard.js";
import { PedalMark } from "./pedal.js";
import { signed } from "./piano.js";

const IN_TUNE_CENTS = 5; // No player hears less.
const BLANK = () => " "; // keeps the line's height

export class Listener {
  /** @param {number} index 0 for the first detector, 1 for the one beside it. */
  constructor(index, context) {
    const { say, names } = context;
    this.say = say;
    this.names = names;
    this.letter = LETTERS[index];
    this.heard = new Heard(context);
    this.keyboard = new Keyboard(context);
    this.pedal = new PedalMark(context);
    this.title = h("h3", {});
    this.name = h("div", { class: "pl-note pl-none" });
    this.cents = h("div", { class: "pl-cents" });
    this.needle = h("div", { class: "pl-needle", hidden: true });
    this.sure = h("div", { class: "pl-fill" });
    this.sureText = h("span", { class: "pl-sure-text" });
    this.tuner = h("div", { class: "pl-tuner", "aria-hidden": "true" },
      h("span", { class: "pl-flat" }, "−50"), h("span", { class: "pl-middle" }), h("span", { class: "pl-sharp" }, "+50"), this.needle);
    const meaning = () => say("listener.confidence_of", { letter: this.letter });
    const range = { "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0 };
    this.meter = h("div", { class: "pl-bar", role: "meter", "aria-label": meaning, ...range }, this.sure);
    this.sureRow = h("div", { class: "pl-sure" }, h("span", {}, () => say("listener.confidence")), this.meter, this.sureText);
    this.away = h("div", { class: "pl-small pl-away" });
    this.chips = h("ul", { class: "pl-chips", "aria-label": () => say("listener.keys") });
    this.node = h("section", { class: `pl-listener pl-listener-${this.letter.toLowerCase()}` },
      h("div", { class: "pl-now" }, this.title, this.name,
        h("div", { class: "pl-details" }, this.sureRow, this.cents, this.tuner, this.chips, this.away)),
      this.keyboard.node, this.pedal.node);
    this.listen("", { polyphonic: false, alone: true });
  }

  /** Another detector listens. One voice has cents and confidence; of many keys each has its own. */
  listen(detector, { polyphonic, alone }) {
    this.title.hidden = alone;
    word(this.title, () => this.say("listener.named", { letter: this.letter, detector }));
    if (polyphonic === this.polyphonic) return;
    this.polyphonic = polyphonic;
    this.tuner.hidden = this.sureRow.hidden = polyphonic;
    this.chips.hidden = !polyphonic;
    this.node.classList.toggle("pl-many", polyphonic);
    this.clear();
  }

  take(event) {
    this.heard.take(event);
    if (event.kind === "on" && !this.polyphonic) this.note(event.midi, event.cents, event.confidence);
  }

  /** The chord that sounds in another language. */
  translate(chord) {
    if (this.heard.chord?.heard_s === chord.heard_s) this.heard.take(chord);
  }

  clear() {
    this.heard.clear();
    this.turnAway({ n: 0, midi: null });
    this.show([]);
  }

  end() {
    this.heard.end();
    this.show([]);
  }

  /** @param {{n: number, midi: number | null}} away How many notes were no piano, and the key that the last one had. */
  turnAway({ n, midi }) {
    if (n === this.nAway) return;
    this.keyboard.mark(n > this.nAway ? midi : null);
    this.nAway = n;
    word(this.away, n ? () => this.say("listener.away", { n }) : BLANK);
  }

  /**
   * @param {Object[]} now The notes that sound, the strongest first; see Sounding in pianolab/live/messages.py.
   * @param {?Object} pedal How the sustain pedal is, or null where this detector does not hear it.
   */
  show(now, pedal = null) {
    const { heard } = this;
    this.pedal.show(pedal);
    this.keyboard.show(heard.keys, (midi) => heard.nameOf(midi));
    this.keyboard.level(now);
    this.node.classList.toggle("pl-sounding", heard.open.size > 0);
    if (this.polyphonic && !heard.silent) this.chord(now);
    else if (!this.polyphonic && now.length) this.note(now[0].midi, now[0].cents, now[0].strength);
    else if (this.polyphonic || !heard.open.size) this.quiet();
  }

  chord(now) {
    const { large, spoken, others, n } = this.heard.summary();
    word(this.name, () => large);
    this.name.classList.remove("pl-none");
    this.name.classList.toggle("pl-chord", large.length > 6);
    word(this.cents, () => {
      if (!spoken) return this.say(n > 1 ? "listener.no_chord" : "listener.one_key");
      return others.length ? this.say("listener.also", { name: spoken, others: others.join(", ") }) : spoken;
    });
    this.chips.replaceChildren(...[...now].sort((a, b) => a.midi - b.midi).map((key) => this.chip(key)));
  }

  chip({ midi, confidence, velocity }) {
    const percent = Math.round(100 * confidence);
    const bar = h("span", { class: "pl-bar", "aria-hidden": "true" }, h("span", { class: "pl-fill" }));
    bar.firstChild.style.width = `${percent}%`;
    const struck = velocity == null
      ? () => this.say("listener.percent", { percent })
      : () => this.say("listener.struck", { percent, velocity: Math.round(velocity) });
    return h("li", {}, h("strong", {}, this.heard.nameOf(midi)), bar, h("span", {}, struck));
  }

  note(midi, cents, sure) {
    word(this.name, () => this.heard.nameOf(midi));
    this.name.classList.remove("pl-none", "pl-chord");
    word(this.cents, () => this.tuning(cents));
    this.needle.hidden = cents == null;
    if (cents != null) this.needle.style.left = `${50 + Math.max(-50, Math.min(50, cents))}%`;
    const percent = Math.round(100 * Math.min(1, sure ?? 0));
    this.certain(percent, () => this.say("listener.percent", { percent }));
  }

  tuning(cents) {
    if (cents == null) return this.say("listener.cents_unknown");
    const kind = Math.abs(cents) < IN_TUNE_CENTS ? "in_tune" : cents > 0 ? "sharp" : "flat";
    return this.say(`listener.${kind}`, { cents: signed(cents) });
  }

  certain(percent, text) {
    this.sure.style.width = `${percent}%`;
    this.meter.setAttribute("aria-valuenow", percent);
    word(this.sureText, text);
  }

  quiet() {
    this.name.classList.add("pl-none");
    this.name.classList.remove("pl-chord");
    this.needle.hidden = true;
    this.certain(0, () => "–");
    this.chips.replaceChildren();
    const { last } = this.heard;
    word(this.name, () => this.say("listener.no_note"));
    word(this.cents, last ? () => this.say("listener.last_note", { name: this.names.of(last.midi) }) : BLANK);
  }
}
