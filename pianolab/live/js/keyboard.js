// The drawing of the 88 keys. A sounding key is told by its place, a pin with its name, a dotted edge and, in front of it,
// the bar of its strength: never by colour alone.

import { h, word, wordAttribute } from "./dom.js";
import { MIDIS, OCTAVES, STRIP, WIDTH, isBlack, keyBox, keyCentre, levelBar, pinRows } from "./piano.js";

const PIN_ROW_PX = 28; // Pins of keys that lie close stand in rows above each other; the style sheet knows it too.
const MARKED_MS = 700;
const LIT_WIDER = 5; // A lit black key is so much wider on each side: on a phone it has but four pixels.
const SVG = "http://www.w3.org/2000/svg";

const set = (node, attributes) => Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));

const shape = (parent, kind, attributes) => {
  const node = document.createElementNS(SVG, kind);
  set(node, attributes);
  parent.append(node);
  return node;
};

/** Let a pin stand above a key. */
const stand = (pin, midi) => {
  pin.style.left = `${100 * keyCentre(midi)}%`;
  pin.style.setProperty("--shift", `${-100 * Math.min(0.9, Math.max(0.1, keyCentre(midi)))}%`);
};

/** The edges of a key, a hair apart from its neighbours. */
const edges = (midi, lit = false) => {
  const { x, w } = keyBox(midi);
  const wider = lit && isBlack(midi) ? LIT_WIDER : -0.75;
  return { x: x - wider, width: w + 2 * wider };
};

export class Keyboard {
  constructor({ say, names }) {
    this.say = say;
    this.names = names;
    this.keys = new Map();
    this.levels = new Map(); // how strongly each key sounds: a bar in front of the key
    const svg = document.createElementNS(SVG, "svg");
    set(svg, { viewBox: `0 0 ${WIDTH} ${STRIP.top + STRIP.height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    for (const midi of [...MIDIS.filter((m) => !isBlack(m)), ...MIDIS.filter(isBlack)]) {
      const { h: height } = keyBox(midi);
      this.keys.set(midi, shape(svg, "rect", { ...edges(midi), y: 1, height, class: isBlack(midi) ? "black" : "white" }));
      this.levels.set(midi, shape(svg, "rect", { ...levelBar(midi, 0), width: STRIP.bar, class: "level" }));
    }
    this.asked = h("span", { class: "pl-pin pl-asked", hidden: true });
    this.pins = h("div", { class: "pl-pins", "aria-hidden": "true" });
    this.octaves = h("div", { class: "pl-octaves", "aria-hidden": "true" });
    this.rows = 1;
    this.node = h("div", { class: "pl-keyboard", role: "img", "aria-label": () => this.described() },
      this.pins, h("div", { class: "pl-pins", "aria-hidden": "true" }, this.asked), svg, this.octaves);
    this.rename();
  }

  described() {
    return this.sounding?.length ? this.say("keyboard.sounding", { keys: this.sounding.join(", ") }) : this.say("keyboard.silent");
  }

  /** Name the octaves in the style of today. */
  rename() {
    this.octaves.replaceChildren(...OCTAVES.map((midi) => {
      const label = h("span", {}, this.names.of(midi));
      label.style.left = `${100 * keyCentre(midi)}%`;
      return label;
    }));
    this.lit = "";
    this.ask(this.wanted);
  }

  /** Light these keys, from the lowest. */
  show(keys, nameOf) {
    const names = keys.map(nameOf);
    const lit = `${keys} ${names}`;
    if (lit === this.lit) return;
    this.lit = lit;
    this.sounding = names;
    for (const [midi, rect] of this.keys) {
      rect.classList.toggle("lit", keys.includes(midi));
      if (isBlack(midi)) set(rect, edges(midi, keys.includes(midi)));
    }
    for (const [midi, rect] of this.levels) if (!keys.includes(midi)) rect.setAttribute("height", 0);
    this.pins.replaceChildren(...keys.map((midi, i) => {
      const pin = h("span", { class: "pl-pin" }, names[i]);
      stand(pin, midi);
      return pin;
    }));
    this.hideAsked();
    this.stack();
    wordAttribute(this.node, "aria-label", () => this.described());
  }

  /** Show which key the player is asked to play; null asks for none. */
  ask(midi) {
    this.wanted = midi;
    for (const [key, rect] of this.keys) rect.classList.toggle("asked", key === midi);
    if (midi != null) {
      word(this.asked, () => this.names.of(midi));
      stand(this.asked, midi);
    }
    this.hideAsked();
  }

  /** The empty pin gives way to the pins of keys that sound. */
  hideAsked() {
    this.asked.hidden = this.wanted == null || this.pins.childElementCount > 0;
  }

  /** Mark a key for a moment: something sounded there that is no piano. */
  mark(midi) {
    clearTimeout(this.unmark);
    for (const [key, rect] of this.keys) rect.classList.toggle("away", key === midi);
    if (midi != null) this.unmark = setTimeout(() => this.mark(null), MARKED_MS);
  }

  stack() {
    const pins = [...this.pins.children];
    const rows = pinRows(pins.map((pin) => pin.getBoundingClientRect()));
    pins.forEach((pin, i) => pin.style.setProperty("--up", `${rows[i] * PIN_ROW_PX}px`));
    this.rows = Math.max(this.rows, ...rows.map((row) => row + 1)); // It never shrinks, so that the keys do not jump.
    this.node.style.setProperty("--rows", this.rows);
  }

  /** How strongly each lit key sounds. */
  level(now) {
    for (const { midi, strength } of now) {
      set(this.levels.get(midi), levelBar(midi, strength));
    }
  }
}
