// What the player wishes to feel, kept in this browser for the next time.

import { MAPPINGS, RHYTHMS, STRENGTHS } from "./pulses.js";

const STORED = "pianolab-felt";
export const NOTES = ["due", "heard", "off"];
export const DEVICES = ["phone", "gamepad"];
export const DEFAULTS = {
  on: false, device: "phone", strength: 3, mapping: "length", rhythm: "accents", notes: "due", other: false,
};
const ALLOWED = {
  on: [true, false], device: DEVICES, strength: STRENGTHS, mapping: MAPPINGS, rhythm: RHYTHMS, notes: NOTES, other: [true, false],
};

/** Settings of which each one makes sense; what does not becomes the default. */
export function checked(given) {
  const known = Object.entries(DEFAULTS).map(([name, value]) => [name, ALLOWED[name].includes(given?.[name]) ? given[name] : value]);
  return Object.fromEntries(known);
}

/**
 * What was kept in this browser.
 * @param {function(): Storage} storage A function, because a browser may refuse even to name its store.
 */
export function kept(storage) {
  try {
    return checked(JSON.parse(storage().getItem(STORED)));
  } catch {
    return { ...DEFAULTS };
  }
}

/** Keep settings, where the browser allows it. */
export function keep(storage, settings) {
  try {
    storage().setItem(STORED, JSON.stringify(checked(settings)));
  } catch {
    // Without a store they are the defaults the next time.
  }
}
