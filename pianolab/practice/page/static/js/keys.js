// The keyboard: which keys are to be played, which were right, and where a wrong one was. Each mark is a pin above its key
// with a sign, the key's name and its finger; the key itself gets a pattern, and colour only in addition.

import { h, isCalm, s } from "./dom.js";
import { inWords, marksOf } from "./marks.js";
import { noteName } from "./names.js";
import { HEIGHT, MIDIS, centre, isBlack, keyBox, part, pinRows } from "./piano.js";
import { speaker } from "./texts.js";

const ROW_PX = 34; // Pins of keys that lie close stand in rows above each other; modules.css knows it too.
const NARROW = 12; // On a phone a key is narrower than a name: then only every C is named.

/**
 * @param {Element} root
 * @param {Object|function} texts
 * @param {{names?: string, range?: number[]}} options `names` is the style of the names; `range` are the keys a piece needs.
 * @returns {{show: function(Object), use: function(Object), range: function(number[])}}
 */
export function mount(root, texts, options = {}) {
  return new Keys(root, speaker(texts), options);
}

class Keys {
  constructor(root, say, { names = "C4", range = [] }) {
    this.say = say;
    this.names = names;
    this.shown = {};
    this.svg = s("svg", { preserveAspectRatio: "none", "aria-hidden": "true", class: "keys-board" });
    this.pins = h("div", { class: "keys-pins", "aria-hidden": "true" });
    this.octaves = h("div", { class: "keys-octaves", "aria-hidden": "true" });
    this.node = h("div", { class: "keys", role: "img" }, this.pins, this.svg, this.octaves);
    root.replaceChildren(this.node);
    this.draw(range);
    for (const event of ["resize", "load"]) globalThis.addEventListener?.(event, () => this.fit()); // Before "load" styles may be missing.
  }

  draw(midis) {
    this.part = part(midis);
    const { low, high, left, width } = this.part;
    this.svg.setAttribute("viewBox", `${left} 0 ${width} ${HEIGHT}`);
    const inside = MIDIS.filter((midi) => midi >= low && midi <= high);
    this.keys = new Map();
    for (const midi of [...inside.filter((m) => !isBlack(m)), ...inside.filter(isBlack)]) {
      const { x, w, h: height } = keyBox(midi);
      this.keys.set(midi, s("rect", { x: x + 0.75, y: 1, width: w - 1.5, height: height - 2 }));
    }
    this.svg.replaceChildren(...this.keys.values());
    this.write();
  }

  /** Name what is there in the style of today, and mark it. */
  write() {
    const cs = [...this.keys.keys()].filter((midi) => midi % 12 === 0);
    this.octaves.replaceChildren(...cs.map((midi) => this.placed(h("span", {}, this.nameOf(midi)), midi)));
    this.show(this.shown);
  }

  nameOf(midi) {
    return noteName(midi, this.names);
  }

  placed(node, midi) {
    const at = centre(midi, this.part);
    node.style.left = `${100 * at}%`;
    node.style.setProperty("--shift", `${-100 * Math.min(0.9, Math.max(0.1, at))}%`);
    return node;
  }

  /** Mark these keys: what the message `shown` holds, and `fingers` by MIDI number. */
  show(shown) {
    this.shown = shown;
    const marks = marksOf(shown);
    const byKey = new Map(marks.map((mark) => [mark.midi, mark]));
    for (const [midi, rect] of this.keys) {
      const kind = byKey.get(midi)?.kind ?? "";
      rect.setAttribute("class", `${isBlack(midi) ? "black" : "white"} ${kind}`.trim());
    }
    this.stems = marks.map(({ midi, kind }) => this.placed(h("span", { class: `keys-stem ${kind}` }), midi));
    this.marked = marks.map((mark) => this.pin(mark));
    this.pins.replaceChildren(...this.stems, ...this.marked);
    this.stack();
    const words = inWords(marks, this.say, (midi) => this.nameOf(midi));
    if (this.node.getAttribute("aria-label") !== words) this.node.setAttribute("aria-label", words);
  }

  pin({ midi, kind, sign, shape, finger, arrow }) {
    const signs = arrow === "←" ? [arrow, sign] : [sign, arrow];
    return this.placed(h("span", { class: `keys-pin ${kind} ${shape}` },
      h("b", {}, signs.join("")), ` ${this.nameOf(midi)}`,
      ...(finger ? [h("i", { class: "keys-finger" }, String(finger))] : [])), midi);
  }

  /** Stack the pins for a new width. */
  fit() {
    this.rows = 1;
    this.stack();
  }

  stack() {
    const rows = pinRows(this.marked.map((pin) => pin.getBoundingClientRect()));
    for (const nodes of [this.marked, this.stems]) {
      nodes.forEach((node, i) => node.style.setProperty("--up", `${rows[i] * ROW_PX}px`));
    }
    this.rows = Math.max(this.rows ?? 1, ...rows.map((row) => row + 1)); // It never shrinks, so that the keys do not jump.
    this.node.style.setProperty("--rows", this.rows);
    const wide = this.svg.getBoundingClientRect().width / Math.max(1, this.keys.size);
    this.octaves.classList.toggle("narrow", wide < NARROW);
    this.node.classList.toggle("calm", isCalm());
  }

  /** Name keys in another style. */
  use({ names = this.names }) {
    this.names = names;
    this.write();
  }

  /** Show the octaves that a piece needs; with none all 88 keys. */
  range(midis) {
    this.rows = 1;
    this.draw(midis);
  }
}
