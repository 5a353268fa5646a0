// The choices of how to listen, built from what each detector declares: the page knows no detector by name.

import { LETTERS } from "./context.js";
import { h, heldFocus, labelled, uniqueId, word } from "./dom.js";

const SETTLE_MS = 150; // a change goes out when the player has paused so long
const REASON_LENGTH = 60; // so much of a reason fits into a menu
// What can be set of the tracker: its range and step, and for which detectors.
const SLIDERS = {
  threshold: { min: 0.02, max: 1, step: 0.02, suits: () => true },
  onset_threshold: { min: 0.02, max: 1, step: 0.02, suits: (entry) => entry.polyphonic },
  n_confirm: { min: 1, max: 20, step: 1, suits: (entry) => !entry.polyphonic },
};

const fresh = (detector) => ({ detector, params: {}, tracking: {} });

export class Choices {
  /** @param {function(Object[]): void} onChange Is called with the choices, as ChoiceFields of pianolab/live/messages.py. */
  constructor({ say }, onChange) {
    this.say = say;
    this.onChange = onChange;
    this.menu = [];
    this.a4 = h("input", { type: "number", min: 390, max: 470, step: 0.5, value: 440 });
    this.a4.addEventListener("change", () => this.changed());
    this.groups = h("div");
    this.rate = h("p", { class: "pl-small pl-rate" });
    this.node = h("div", { class: "pl-choices" }, this.groups, labelled(() => say("choices.a4"), this.a4), this.rate);
  }

  /** At which rate the sound comes, once some has come. */
  show({ sr }) {
    word(this.rate, () => (sr ? this.say("rate", { sr }) : ""));
  }

  get a4Hz() {
    return Number(this.a4.value) || 440;
  }

  /** Show these choices out of this menu. */
  offer(menu, choices) {
    this.menu = menu;
    this.accept(choices);
    this.restore();
  }

  /** The kernel listens with these choices. */
  accept(choices) {
    this.accepted = choices;
  }

  /** Show the choices with which the kernel listens: what it refused would be refused with every later change again. */
  restore() {
    const [first, second] = structuredClone(this.accepted);
    this.a4.value = first.a4_hz;
    this.chosen = [first, second ?? null];
    this.build();
  }

  /** The same in the words of another language. */
  translate(menu) {
    this.menu = menu;
    this.build();
  }

  entry(name) {
    return this.menu.find((entry) => entry.name === name);
  }

  polyphonic(name) {
    return Boolean(this.entry(name)?.polyphonic);
  }

  /** The first detector is another one. */
  use(name) {
    this.chosen[0] = fresh(name);
    this.build();
    this.changed();
  }

  value() {
    return this.chosen.filter(Boolean).map(({ detector, params, tracking }) => ({ detector, params, tracking, a4_hz: this.a4Hz }));
  }

  changed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.onChange(this.value()), SETTLE_MS);
  }

  build() {
    const resume = heldFocus(this.groups);
    const opened = [...this.groups.querySelectorAll("details")].map(({ open }) => open);
    this.groups.replaceChildren(...LETTERS.map((letter, i) => this.group(letter, i)));
    this.groups.querySelectorAll("details").forEach((details, i) => { details.open = Boolean(opened[i]); });
    resume(this.groups);
  }

  group(letter, i) {
    const choice = this.chosen[i];
    const name = `pl-detector-${letter.toLowerCase()}`;
    const none = i ? [h("option", { value: "" }, () => this.say("choices.none"))] : [];
    const select = h("select", { class: name }, ...none, ...this.menu.map((entry) => this.option(entry, choice)));
    select.addEventListener("change", () => {
      this.chosen[i] = select.value ? fresh(select.value) : null;
      this.changed();
      this.build();
    });
    const box = h("fieldset", {}, h("legend", {}, () => this.say("choices.detector", { letter })),
      labelled(() => this.say(i ? "choices.beside" : "choices.listens"), select));
    const entry = choice && this.entry(choice.detector);
    if (entry) box.append(...this.settings(entry, choice));
    return box;
  }

  option({ name, reason }, choice) {
    const text = () => (reason ? this.say("choices.cannot", { name, reason: reason.slice(0, REASON_LENGTH) }) : name);
    return h("option", { value: name, disabled: Boolean(reason), selected: choice?.detector === name }, text);
  }

  settings(entry, choice) {
    const sliders = Object.entries(SLIDERS).filter(([, { suits }]) => suits(entry));
    const parameters = entry.parameters.map((parameter) => this.parameter(choice, parameter));
    const more = parameters.length
      ? [h("details", {}, h("summary", {}, () => this.say("choices.parameters")), ...parameters)]
      : [];
    return [
      h("p", { class: "pl-summary" }, entry.summary),
      ...sliders.map(([name, range]) => this.slider(entry, choice, name, range)),
      ...more,
    ];
  }

  slider(entry, choice, name, { min, max, step }) {
    const value = choice.tracking[name] ?? entry[name];
    const input = h("input", { type: "range", min, max, step, value, id: uniqueId(), class: `pl-${name}` });
    const shown = h("output", { for: input.id }, String(value));
    input.addEventListener("input", () => word(shown, () => input.value));
    input.addEventListener("change", () => {
      choice.tracking = { ...choice.tracking, [name]: Number(input.value) };
      this.changed();
    });
    const row = labelled(() => this.say(`choices.${name}`), input);
    row.append(shown);
    return row;
  }

  parameter(choice, parameter) {
    const { name, kind, choices } = parameter;
    const input = this.field(parameter, choice.params[name] ?? parameter.default);
    input.addEventListener("change", () => {
      const text = kind === "str" || choices.length;
      const { [name]: _, ...others } = choice.params;
      const value = kind === "bool" ? input.checked : text ? input.value : Number(input.value);
      const empty = kind !== "bool" && input.value === ""; // then the detector has its default
      choice.params = empty ? others : { ...others, [name]: value };
      this.changed();
    });
    return labelled(() => parameter.label, input);
  }

  field({ kind, choices, least, most }, value) {
    if (choices.length) {
      const selected = (one) => String(one) === String(value);
      return h("select", {}, ...choices.map((one) => h("option", { value: one, selected: selected(one) }, String(one))));
    }
    if (kind === "bool") return h("input", { type: "checkbox", checked: Boolean(value) });
    return h("input", { type: "number", min: least, max: most, step: kind === "int" ? 1 : "any", value: value ?? "" });
  }
}
