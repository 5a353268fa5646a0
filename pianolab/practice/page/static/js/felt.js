// What is felt beside what is seen: its switch, its wishes, and the trail of what was felt.

import { h, labelled, menu, write } from "./dom.js";
import { Feeler } from "./feeler.js";
import { NOTES, keep, kept } from "./feltsettings.js";
import { Gamepad } from "./gamepad.js";
import { Phone } from "./phone.js";
import { MAPPINGS, RHYTHMS, STRENGTHS } from "./pulses.js";
import { speaker } from "./texts.js";
import { Trail } from "./trail.js";

/**
 * @param {Element} root
 * @param {Object|function} texts
 * @param {{tryout?: ?string, navigator?: Navigator, storage?: function(): Storage}} options `tryout` is the address of the page to try it.
 * @returns {Felt}
 */
export function mount(root, texts, options = {}) {
  return new Felt(root, speaker(texts), options);
}

export class Felt {
  constructor(root, say, { tryout = null, navigator = globalThis.navigator, storage = () => localStorage, note = () => {} }) {
    Object.assign(this, { say, storage });
    const devices = { phone: new Phone({ navigator }), gamepad: new Gamepad({ navigator }) };
    this.feeler = new Feeler({ devices, settings: kept(storage), onFelt: (felt) => this.show(felt) });
    this.note = note;
    this.trail = new Trail(say("felt.trail"));
    this.warning = h("p", { class: "felt-warning", role: "status" });
    const link = tryout ? [h("p", {}, h("a", { href: tryout }, say("felt.tryout")))] : [];
    const wishes = h("details", { class: "felt-wishes" }, h("summary", {}, say("felt.wishes")), ...this.fields(), ...link);
    this.node = h("div", { class: "felt" }, this.switch(), this.warning, this.trail.node, wishes);
    root.replaceChildren(this.node);
    for (const event of ["gamepadconnected", "gamepaddisconnected"]) globalThis.addEventListener?.(event, () => this.warn());
    this.warn();
  }

  switch() {
    const change = (event) => this.set({ on: event.target.checked });
    return labelled(this.say("felt.on"), h("input", { type: "checkbox", role: "switch", checked: this.wishes.on, onchange: change }));
  }

  get wishes() {
    return this.feeler.settings;
  }

  fields() {
    const { say, wishes } = this;
    const chosen = (name, values) => labelled(say(`felt.${name}`),
      menu(values.map((value) => [value, say(`felt.${name}.${value}`)]), wishes[name], (value) => this.set({ [name]: value })));
    const strength = labelled(say("felt.strength", { strength: wishes.strength }), h("input", {
      type: "range", min: STRENGTHS[0], max: STRENGTHS.at(-1), value: wishes.strength,
      oninput: (event) => {
        this.set({ strength: Number(event.target.value) });
        write(strength.querySelector("label"), say("felt.strength", { strength: this.wishes.strength }));
      },
    }));
    const other = h("input", { type: "checkbox", checked: wishes.other, onchange: (event) => this.set({ other: event.target.checked }) });
    return [
      chosen("device", ["phone", "gamepad"]), strength, chosen("mapping", MAPPINGS),
      chosen("notes", NOTES), labelled(say("felt.other"), other), chosen("rhythm", RHYTHMS),
    ];
  }

  set(wishes) {
    this.feeler.set(wishes);
    keep(this.storage, this.wishes);
    this.warn();
  }

  /** Say so where nothing can be felt: on many computers, and on iPhones, a page has no motor. */
  warn() {
    const { device, settings } = this.feeler;
    write(this.warning, settings.on && !device.isThere ? this.say(`felt.cannot.${settings.device}`) : "");
  }

  /** Whatever vibrates is also seen. */
  show(felt) {
    this.trail.add(felt);
    this.note(felt);
  }

  strike(midis, more) {
    return this.feeler.strike(midis, more);
  }

  beat(place) {
    return this.feeler.beat(place);
  }

  stop() {
    this.feeler.stop();
  }
}
