// Decides what is felt: notes by their register, counts of the bar by the rhythm, as the player wishes. Whatever is felt is
// also told to `onFelt`, so that it is seen.

import { checked } from "./feltsettings.js";
import { beatPulses, lengthOf, pulsesOf, registerOf } from "./pulses.js";

const WEAKER = 2; // steps of strength by which the other hand is weaker

export class Feeler {
  /**
   * @param {{devices: Object<string, {isThere: boolean, play: function, stop: function}>, settings?: Object,
   *   onFelt?: function(Object)}} given
   */
  constructor({ devices, settings = {}, onFelt = () => {} }) {
    Object.assign(this, { devices, onFelt });
    this.settings = checked(settings);
  }

  get device() {
    return this.devices[this.settings.device];
  }

  set(wishes) {
    this.settings = checked({ ...this.settings, ...wishes });
    if (!this.settings.on) this.stop();
  }

  /**
   * Keys are struck, or due. Of several the lowest one is felt: it lasts longest, and one motor cannot play two.
   * @param {number[]} midis
   * @param {{other?: boolean, as?: "due"|"heard"}} more `other` for the hand that is not played.
   */
  strike(midis, { other = false, as = "due" } = {}) {
    const { on, notes, other: wished } = this.settings;
    if (!on || !midis.length || !(other ? wished : notes === as)) return null;
    return this.feel(registerOf(Math.min(...midis)), { what: other ? "other" : "note" });
  }

  /** A register is tried, whatever is switched on. */
  feel(register, { what = "note" } = {}) {
    const { strength, mapping } = this.settings;
    const weak = what === "other" ? Math.max(1, strength - WEAKER) : strength;
    return this.play(pulsesOf(register, mapping), { what, register, strength: weak });
  }

  /** A count begins: a place as `Metronome.at` gives it. */
  beat({ count, countingIn = false }, { tried = false } = {}) {
    if (!this.settings.on && !tried) return null;
    const pulses = beatPulses(count, this.settings.rhythm);
    if (!pulses.length) return null;
    return this.play(pulses, { what: "beat", count, countingIn, register: 0, strength: this.settings.strength });
  }

  play(pulses, felt) {
    if (this.device.isThere) this.device.play(pulses, felt);
    const told = { ...felt, pulses, ms: lengthOf(pulses) };
    this.onFelt(told);
    return told;
  }

  stop() {
    Object.values(this.devices).forEach((device) => device.stop());
  }
}
