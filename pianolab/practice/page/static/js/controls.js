// Where the player chooses: the piece, which hands, how, which bars, how fast; and what is chosen seldom.

import { FASTEST, SLOWEST, handsOf } from "./choice.js";
import { h, write } from "./dom.js";
import { noteName } from "./names.js";
import { named } from "./library.js";
import { at } from "./nodes.js";

const COMMANDS = ["again", "slower", "on"];
const COMMAND_KEYS = [21, 22, 23, 24, 105, 106, 107, 108]; // The outermost: few pieces need them.
const VIEWS = ["score", "keys", "falling", "flash"];

const option = (value, text) => h("option", { value }, text);
const chosen = (name) => document.querySelector(`input[name=${name}]:checked`)?.value;

/**
 * @param {function} say
 * @param {object} choice As of choice.js; it is changed in place.
 * @param {function(string)} changed Gets the name of what was changed.
 */
export function mount(say, choice, changed) {
  const controls = new Controls(say, choice, changed);
  controls.listen();
  return controls;
}

class Controls {
  constructor(say, choice, changed) {
    Object.assign(this, { say, choice, changed, piece: null });
  }

  listen() {
    const set = (name, value) => {
      this.choice[name] = value;
      this.show();
      this.changed(name);
    };
    const on = (id, name, read) => at(id).addEventListener("change", (event) => set(name, read(event.target)));
    on("piece", "item", ({ value }) => Number(value));
    for (const name of ["mode", "hands"]) at(name === "mode" ? "modes" : name).addEventListener("change", () => set(name, chosen(name)));
    for (const name of ["loop", ...VIEWS]) on(name === "loop" ? name : `view-${name}`, name, ({ checked }) => checked);
    on("names", "names", ({ value }) => value);
    on("size", "size", ({ value }) => Number(value));
    on("detector", "detector", ({ value }) => value);
    for (const name of COMMANDS) on(`command-${name}`, name, ({ value }) => value);
    for (const name of ["tempo", "certainty"]) {
      at(name).addEventListener("input", ({ target }) => {
        this.choice[name] = Number(target.value) / 100;
        this.show();
      });
      at(name).addEventListener("change", () => this.changed(name));
    }
    for (const id of ["first", "last"]) at(id).addEventListener("change", ({ target }) => this.take(id, Number(target.value)));
    at("whole").addEventListener("click", () => this.passage({ first: 0, last: this.piece.bars.length - 1 }));
  }

  /** A bar was chosen as the first or the last one; the other one gives way. */
  take(which, index) {
    const { first, last } = { ...this.choice, [which]: index };
    this.passage(which === "first" ? { first, last: Math.max(first, last) } : { first: Math.min(first, last), last });
  }

  passage({ first, last }) {
    Object.assign(this.choice, { first, last });
    this.show();
    this.changed("passage");
  }

  /** The pieces of the library, by grade. */
  pieces(items) {
    const grades = [...new Set(items.map(({ grade }) => grade))].sort((a, b) => (a ?? 99) - (b ?? 99));
    const label = (grade) => (grade ? this.say("grade", { grade }) : this.say("no_grade"));
    const { lang } = document.documentElement;
    const of = (grade) => items.filter((item) => item.grade === grade).map((item) => option(item.number, named(item, lang)));
    at("piece").replaceChildren(...grades.map((grade) => h("optgroup", { label: label(grade) }, ...of(grade))));
    at("piece").value = this.choice.item;
  }

  /** Another piece is open: all of its bars are chosen. */
  open(piece) {
    this.piece = piece;
    Object.assign(this.choice, { first: 0, last: piece.bars.length - 1 });
    for (const id of ["first", "last"]) at(id).replaceChildren(...piece.bars.map((_, i) => option(i, piece.nameOf(i))));
    this.show();
  }

  /** Who can listen, when the program has said so. */
  detectors(names) {
    if (at("detector").children.length > 1) return;
    at("detector").append(...names.map((name) => option(name, name)));
    at("detector").value = this.choice.detector;
  }

  /** Let all show what is chosen. */
  show() {
    const { choice, piece, say } = this;
    choice.hands = piece ? handsOf(piece, choice.hands) : choice.hands;
    for (const name of ["mode", "hands"]) document.querySelector(`input[name=${name}][value=${choice[name]}]`).checked = true;
    for (const input of document.querySelectorAll("input[name=hands]")) {
      input.disabled = Boolean(piece) && handsOf(piece, input.value) !== input.value;
    }
    for (const name of ["names", "size", "detector", "first", "last"]) at(name).value = choice[name];
    document.body.dataset.mode = choice.mode;
    at("on").disabled = Boolean(piece) && choice.last >= piece.bars.length - 1; // There are no more bars.
    at("loop").checked = choice.loop;
    for (const name of VIEWS) at(`view-${name}`).checked = choice[name];
    for (const name of ["tempo", "certainty"]) at(name).value = Math.round(100 * choice[name]);
    at("tempo").min = 100 * SLOWEST;
    at("tempo").max = 100 * FASTEST;
    const values = { percent: Math.round(100 * choice.tempo), bpm: piece ? Math.round(piece.beatsAMinute * choice.tempo) : 0 };
    write(at("tempo-said"), piece ? say("tempo.said", values) : "");
    write(at("certainty-said"), `${Math.round(100 * choice.certainty)} %`);
    this.commands();
  }

  commands() {
    for (const name of COMMANDS) {
      const keys = COMMAND_KEYS.map((midi) => option(midi, this.say("command.key", { key: noteName(midi, this.choice.names) })));
      at(`command-${name}`).replaceChildren(option("", this.say("command.none")), option("pedal", this.say("command.pedal")), ...keys);
      at(`command-${name}`).value = this.choice[name];
    }
  }
}
