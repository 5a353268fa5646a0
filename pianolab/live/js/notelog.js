// What was heard, in words: the list of notes, the newest chord for screen readers, and a sign at every note.

import { h, word } from "./dom.js";
import { chordWords } from "./heard.js";
import { signed } from "./piano.js";

const MAX_LINES = 60;
const SAY_MS = 1500; // Chords are read out at most this often, the newest only.
const FLASH_MS = 120;
const FLASH_GAP_MS = 350; // never more than three flashes a second (WCAG 2.3.1)

export class NoteLog {
  constructor(context) {
    const { say, names } = context;
    Object.assign(this, { context, say, names });
    this.list = h("ol");
    const region = { role: "log", "aria-label": () => say("log.region"), "aria-live": "polite", tabindex: 0 };
    this.box = h("div", { class: "pl-log", ...region }, this.list);
    this.spoken = h("p", { class: "pl-unseen pl-say", role: "status" });
    this.flashBox = h("div", { class: "pl-flash", "aria-hidden": "true" });
    this.flashed = -Infinity;
  }

  clear() {
    this.list.replaceChildren();
    this.silence();
  }

  /** Nothing more is read out. */
  silence() {
    clearTimeout(this.saying);
    this.saying = this.unsaid = null;
    this.spoken.replaceChildren();
  }

  /** Every note read out one by one would drown a chord: there `chord` speaks instead. */
  readNotes(polyphonic) {
    this.box.setAttribute("aria-live", polyphonic ? "off" : "polite");
  }

  write(letter, line) {
    const text = letter ? () => this.say("log.letter", { letter, line: line() }) : line;
    this.list.append(h("li", {}, text));
    while (this.list.children.length > MAX_LINES) this.list.firstChild.remove();
    this.box.scrollTop = this.box.scrollHeight;
  }

  note({ midi, time_s: time, cents, confidence }, letter) {
    const key = cents == null ? "log.note" : "log.note_cents";
    const values = { seconds: time.toFixed(2), percent: Math.round(100 * confidence), cents: signed(cents ?? 0) };
    this.write(letter, () => this.say(key, { name: this.names.of(midi), ...values }));
  }

  /** A chord has settled; `aloud` also tells it to screen readers. */
  chord(event, letter, aloud) {
    const parts = () => {
      const { keys, spoken } = chordWords(event, this.context);
      return { keys: keys.join(" "), name: spoken, seconds: event.time_s.toFixed(2) };
    };
    this.write(letter, () => this.say(parts().name ? "log.chord_named" : "log.chord", parts()));
    if (aloud) this.announce(parts().name ? this.say("log.said", parts()) : parts().keys);
  }

  gap({ time_s: time, seconds }) {
    this.write("", () => this.say("log.gap", { seconds: time.toFixed(1), ms: Math.round(1000 * seconds) }));
  }

  announce(text) {
    this.unsaid = text;
    if (this.saying) return;
    const speak = () => {
      this.saying = null;
      if (this.unsaid == null) return;
      const now = this.unsaid;
      word(this.spoken, () => now);
      this.unsaid = null;
      this.saying = setTimeout(speak, SAY_MS);
    };
    speak();
  }

  /** A note has begun: the edge of the page flashes and the device vibrates, as the player wishes. */
  signal({ flash, vibrate }) {
    if (vibrate) navigator.vibrate?.(40);
    const now = performance.now();
    if (!flash || now - this.flashed < FLASH_GAP_MS) return;
    this.flashed = now;
    this.flashBox.classList.add("pl-now-flash");
    setTimeout(() => this.flashBox.classList.remove("pl-now-flash"), FLASH_MS);
  }
}
