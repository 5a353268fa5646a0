// The piano roll without its drawing: which notes of the last seconds are seen, and where each lies.

import { KEYS, LOW } from "./piano.js";

export const ROLL_S = 10;
const MAX_NOTES = 400;
const MAX_CHORDS = 200;
const MAX_PEDALS = 200;
const LOWEST = 57; // The roll always shows the keys from A3 to E5.
const HIGHEST = 76;
const ROOM = 3; // semitones above and below the notes
const MARGIN = { left: 44, right: 6, bottom: 20 }; // pixels for the names of octaves and for the seconds

export class RollNotes {
  constructor() {
    this.clear();
  }

  clear() {
    this.notes = []; // {listener, note, midi, on, off}
    this.chords = []; // {at, texts} of the first detector
    this.pedals = []; // {down, up} of the first detector; up is null while it is down
  }

  take(event) {
    if (event.kind === "chord") {
      if (event.listener === 0 && event.struck) this.chords.push({ at: event.time_s, texts: event.texts });
      if (this.chords.length > MAX_CHORDS) this.chords.splice(0, MAX_CHORDS / 2);
      return;
    }
    if (event.kind === "pedal") {
      if (event.listener === 0) this.takePedal(event);
      return;
    }
    const { listener, note, midi, time_s: time } = event;
    const found = this.notes.findLast((n) => n.listener === listener && n.note === note);
    if (event.kind === "on") this.notes.push({ listener, note, midi, on: time, off: null });
    else if (found && event.kind === "off") found.off = time;
    else if (found) found.midi = midi;
    if (this.notes.length > MAX_NOTES) this.notes.splice(0, MAX_NOTES / 4);
  }

  takePedal({ down, time_s: time }) {
    const last = this.pedals.at(-1);
    if (down) this.pedals.push({ down: time, up: null });
    else if (last && last.up == null) last.up = time;
    if (this.pedals.length > MAX_PEDALS) this.pedals.splice(0, MAX_PEDALS / 2);
  }

  /** When the pedal was down in the last seconds. */
  pedalled(now) {
    return this.pedals.filter(({ up }) => (up ?? now) > now - ROLL_S);
  }

  /** The notes of which something lies in the last seconds. */
  seen(now) {
    return this.notes.filter((note) => (note.off ?? now) > now - ROLL_S);
  }

  /** The chords that were struck in the last seconds and have a name of their own; intervals would not fit. */
  named(now, style) {
    const names = this.chords.filter(({ at }) => at > now - ROLL_S).map(({ at, texts }) => ({ at, ...texts[style] }));
    return names.filter(({ symbol, spoken }) => symbol && symbol !== spoken);
  }

  /** Whether a note of the other detector lies under this one of the second, so that its name stands there already. */
  hasTwin(note, now) {
    return note.listener > 0 && this.notes.some((other) => !other.listener && other.midi === note.midi
      && other.on < (note.off ?? now) && (other.off ?? now) > note.on);
  }

  /** Whether the name above a note would lie on a note within so many semitones and seconds. */
  isCovered(note, semitones, seconds) {
    return this.notes.some((other) => other !== note && other.listener === note.listener && other.midi > note.midi
      && other.midi - note.midi < semitones && Math.abs(other.on - note.on) < seconds);
  }
}

/**
 * Where things lie on a roll of this size: pixels of a second and of a key.
 * @param {{midi: number}[]} seen Notes that must have room.
 * @param {boolean} chords Whether names of chords stand above all.
 */
export function rollGeometry(seen, { now, width, height, chords }) {
  const midis = seen.map(({ midi }) => midi);
  const low = Math.max(LOW - 1, Math.min(LOWEST, ...midis) - ROOM);
  const high = Math.min(LOW + KEYS, Math.max(HIGHEST, ...midis) + ROOM);
  const { left } = MARGIN;
  const bottom = height - MARGIN.bottom;
  const top = chords ? 34 : 14; // room for the name of the highest key
  const row = (bottom - top) / (high - low);
  const second = (width - left - MARGIN.right) / ROLL_S;
  return {
    low, high, left, bottom, second, row,
    x: (time) => left + (time - now + ROLL_S) * second,
    y: (midi) => bottom - (midi - low) * row,
    thick: Math.max(10, Math.min(18, row * 1.4)),
  };
}
