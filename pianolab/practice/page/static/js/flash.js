// The only module that may let anything flash: at most three times in a second, whoever asks (WCAG 2.3.1), and never where
// the player asked the system for little motion. It is off until the player wants it.

import { isCalm } from "./dom.js";

export const APART_MS = 334; // Three of these are longer than a second.
export const LIT_MS = 100;

export class Flasher {
  /**
   * @param {{light: function(boolean), now?: function(): number, later?: function, calm?: function(): boolean}} given
   *   `light` switches the light; the others are there for tests.
   */
  constructor({ light, now = () => performance.now(), later = (what, ms) => setTimeout(what, ms), calm = isCalm }) {
    Object.assign(this, { light, now, later, calm });
    this.allowed = false;
    this.last = -Infinity;
  }

  /** What the player wishes. */
  allow(wished) {
    this.allowed = Boolean(wished);
  }

  /** Flash, if that is allowed and the last flash is long enough ago. Says whether it did. */
  ask() {
    const now = this.now();
    if (!this.allowed || this.calm() || now - this.last < APART_MS) return false;
    this.last = now;
    this.light(true);
    this.later(() => this.light(false), LIT_MS);
    return true;
  }
}

let only = null;

/** The one flasher of the page: a frame at the edge of the window, so that what is read stays as it is. */
export function flasher() {
  if (!only) {
    const frame = document.createElement("div");
    frame.className = "flash-frame";
    frame.setAttribute("aria-hidden", "true");
    document.body.append(frame);
    only = new Flasher({ light: (on) => frame.classList.toggle("lit", on) });
  }
  return only;
}
