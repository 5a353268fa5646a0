// The motor of a phone. It is either on or off (navigator.vibrate knows no strength), so the share of time in which it is on
// stands for the strength; and a new pattern ends the one that runs, so what still runs is put together with what comes.

const SLICE_MS = 25;
const SHORTEST_MS = 8; // A motor needs some milliseconds to start.
const SHARES = [0.35, 0.5, 0.65, 0.8, 1]; // of the time, for strengths 1 to 5
const MOST = 49; // pulses in a pattern: browsers take 99 numbers

/** A pulse as slices in which the motor is on, for a strength from 1 to 5. */
export function sliced([begin, long], strength) {
  const share = SHARES[strength - 1];
  if (share === 1) return [[begin, long]];
  if (long <= 2 * SLICE_MS) return [[begin, Math.max(SHORTEST_MS, Math.round(long * share))]];
  const on = Math.max(SHORTEST_MS, Math.round(SLICE_MS * share));
  return Array.from({ length: Math.ceil(long / SLICE_MS) }, (_, i) => (
    [begin + i * SLICE_MS, Math.min(on, long - i * SLICE_MS)]));
}

/** Pulses, each with its strength, of which those that touch or cover each other become one, as strong as the stronger. */
export function joined(pulses) {
  const all = [];
  for (const [begin, long, strength] of [...pulses].sort((a, b) => a[0] - b[0])) {
    const last = all.at(-1);
    if (last && begin <= last[0] + last[1]) {
      last[1] = Math.max(last[1], begin + long - last[0]);
      last[2] = Math.max(last[2], strength);
    } else all.push([begin, long, strength]);
  }
  return all;
}

/** What of these pulses is left from now on. */
export function left(pulses, now) {
  return pulses.filter(([begin, long]) => begin + long > now).map(([begin, long, strength]) => {
    const from = Math.max(begin, now);
    return [from, begin + long - from, strength];
  });
}

/** Pulses that are apart from each other, from now on, as `navigator.vibrate` takes them: on, off, on, ... */
export function pattern(pulses, now) {
  const all = pulses.flatMap(([begin, long, strength]) => sliced([begin, long], strength)).slice(0, MOST);
  const numbers = all.length && all[0][0] > now ? [0, all[0][0] - now] : [];
  all.forEach(([begin, long], i) => numbers.push(long, ...(all[i + 1] ? [all[i + 1][0] - begin - long] : [])));
  return numbers.map(Math.round);
}

export class Phone {
  /** @param {{navigator: Navigator, now?: function(): number}} given */
  constructor({ navigator, now = () => performance.now() }) {
    Object.assign(this, { navigator, now });
    this.running = [];
  }

  get isThere() {
    return typeof this.navigator.vibrate === "function";
  }

  play(pulses, { strength }) {
    if (!this.isThere) return;
    const now = this.now();
    const coming = pulses.map(([begin, long]) => [now + begin, long, strength]);
    this.running = joined(left([...this.running, ...coming], now));
    this.navigator.vibrate(pattern(this.running, now));
  }

  stop() {
    this.running = [];
    if (this.isThere) this.navigator.vibrate(0);
  }
}
