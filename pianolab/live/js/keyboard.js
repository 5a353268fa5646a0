// The drawing of the 88 keys. A sounding key is told by its place, a pin with its name, a dotted edge and the bar of its
// strength: never by colour alone.

import { h, wordAttribute } from "./dom.js";
import { MIDIS, OCTAVES, WIDTH, isBlack, keyBox, keyCentre, levelBar, pinRows } from "./piano.js";

const PIN_ROW_PX = 28; // Pins of keys that lie close stand in rows above each other.
const MARKED_MS = 700;
const SVG = "http://www.w3.org/2000/svg";

const shape = (parent, kind, attributes) => {
  const node = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  parent.append(node);
  return node;
};

export class Keyboard {
  constructor({ say, names }) {
    this.say = say;
    this.names = names;
    this.keys = new Map();
    this.levels = new Map(); // how strongly each key sounds: a bar that stands on the key's front edge
    const svg = document.createElementNS(SVG, "svg");
    const frame = { viewBox: `0 0 ${WIDTH} 132`, preserveAspectRatio: "none", "aria-hidden": "true" };
    for (const [name, value] of Object.entries(frame)) svg.setAttribute(name, value);
    for (const midi of [...MIDIS.filter((m) => !isBlack(m)), ...MIDIS.filter(isBlack)]) {
      const { x, w, h: height } = keyBox(midi);
      this.keys.set(midi, shape(svg, "rect", { x: x + 0.75, y: 1, width: w - 1.5, height, class: isBlack(midi) ? "black" : "white" }));
      this.levels.set(midi, shape(svg, "rect", { x: x + 3, y: 1, width: w - 6, height: 0, class: "level" }));
    }
    this.pins = h("div", { class: "pl-pins", "aria-hidden": "true" });
    this.octaves = h("div", { class: "pl-octaves", "aria-hidden": "true" });
    this.rows = 2;
    this.node = h("div", { class: "pl-keyboard", role: "img", "aria-label": () => this.described() }, this.pins, svg, this.octaves);
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
  }

  /** Light these keys, from the lowest. */
  show(keys, nameOf) {
    const names = keys.map(nameOf);
    const lit = `${keys} ${names}`;
    if (lit === this.lit) return;
    this.lit = lit;
    this.sounding = names;
    for (const [midi, rect] of this.keys) rect.classList.toggle("lit", keys.includes(midi));
    for (const [midi, rect] of this.levels) if (!keys.includes(midi)) rect.setAttribute("height", 0);
    this.pins.replaceChildren(...keys.map((midi, i) => {
      const pin = h("span", { class: "pl-pin" }, names[i]);
      pin.style.left = `${100 * keyCentre(midi)}%`;
      pin.style.setProperty("--shift", `${-100 * Math.min(0.9, Math.max(0.1, keyCentre(midi)))}%`);
      return pin;
    }));
    this.stack();
    wordAttribute(this.node, "aria-label", () => this.described());
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
    this.node.style.setProperty("--pins", `${this.rows * PIN_ROW_PX + 6}px`);
  }

  /** How strongly each lit key sounds. */
  level(now) {
    for (const { midi, strength } of now) {
      const { y, height } = levelBar(midi, strength);
      this.levels.get(midi).setAttribute("height", height);
      this.levels.get(midi).setAttribute("y", y);
    }
  }
}
