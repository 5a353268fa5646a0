// A gamepad with motors: a heavy one for low registers and a light one for high ones, both with a real strength.

import { TRANSIENT } from "./pulses.js";

const SHARES = [0.2, 0.4, 0.6, 0.8, 1]; // of the motors' strength, for strengths 1 to 5

const MOST = 200; // timers that are remembered, so that they can be stopped

export class Gamepad {
  /** @param {{navigator: Navigator, later?: function, cancel?: function}} given */
  constructor({ navigator, later = (what, ms) => setTimeout(what, ms), cancel = (timer) => clearTimeout(timer) }) {
    Object.assign(this, { navigator, later, cancel });
    this.waiting = new Set();
  }

  get actuator() {
    const pads = this.navigator.getGamepads?.() ?? [];
    return [...pads].find((pad) => pad?.vibrationActuator)?.vibrationActuator ?? null;
  }

  get isThere() {
    return this.actuator !== null;
  }

  play(pulses, { strength, register = 0 }) {
    if (this.waiting.size > MOST) this.waiting.clear();
    for (const [begin, long] of pulses) {
      const rumble = () => this.rumble(long, SHARES[strength - 1], register / TRANSIENT);
      this.waiting.add(this.later(rumble, begin)); // Those that ran long ago do no harm here; `stop` forgets them.
    }
  }

  rumble(duration, share, high) {
    const effect = { startDelay: 0, duration, strongMagnitude: share * (1 - high), weakMagnitude: share * high };
    this.actuator?.playEffect("dual-rumble", effect)?.catch?.(() => {}); // It may be unplugged while it plays.
  }

  stop() {
    this.waiting.forEach((timer) => this.cancel(timer));
    this.waiting.clear();
    this.actuator?.reset?.()?.catch?.(() => {});
  }
}
