// What a register and a beat feel like: pulses, as pairs of when they begin and how long they are, in milliseconds.
//
// Hopkins, Maté-Cid, Fulford, Seiffert and Ginsborg (2016), PLOS ONE 11(5): on the fingertip deaf and hearing people feel notes
// from C1 to C6 from the same strength on; from G4 up mainly the beginning and the end of a note are felt. Maté-Cid (2013),
// thesis, Liverpool: the range between what is just felt and what is safe is 12 to 27 dB, which holds few steps of strength.
// The motor of a phone has one frequency. So registers are told apart by their rhythm, not by their pitch.

/** The lowest key of each register, from the lowest one on; the last one is that of short strokes. */
export const REGISTERS = [21, 36, 48, 60, 67]; // A0, C2, C3, C4, G4
export const TRANSIENT = REGISTERS.length - 1;
export const MAPPINGS = ["length", "count", "roughness"];
export const RHYTHMS = ["accents", "beats", "bars", "off"];
export const STRENGTHS = [1, 2, 3, 4, 5];

const LENGTHS_MS = [340, 220, 140, 85, 30];
const COUNTED = { on: 60, off: 70 };
const ROUGH_MS = 260; // how long a rough pulse lasts
const ROUGH_EVERY_MS = [130, 87, 65, 52];
const TICK_MS = 30;
const ACCENT_MS = 130;
const BEAT_MS = 40;

/** The register of a key, from 0. */
export function registerOf(midi) {
  return Math.max(0, REGISTERS.findLastIndex((lowest) => midi >= lowest));
}

/** Two numbers of the keys between which a register lies. */
export const keysOf = (register) => [REGISTERS[register], (REGISTERS[register + 1] ?? 109) - 1];

/**
 * The pulses of a register.
 * @param {number} register
 * @param {string} mapping `length`: long below, short above; `count`: so many pulses; `roughness`: slow beating below, fast above.
 * @returns {number[][]} Pairs of begin and length.
 */
export function pulsesOf(register, mapping) {
  if (mapping === "count") return Array.from({ length: register + 1 }, (_, i) => [i * (COUNTED.on + COUNTED.off), COUNTED.on]);
  if (mapping === "roughness") return rough(register);
  return [[0, LENGTHS_MS[register]]];
}

function rough(register) {
  if (register === TRANSIENT) return [[0, TICK_MS], [ROUGH_MS - TICK_MS, TICK_MS]]; // Its beginning and its end.
  const every = ROUGH_EVERY_MS[register];
  return Array.from({ length: Math.round(ROUGH_MS / every) }, (_, i) => [i * every, Math.round(every / 2)]);
}

/** The pulses of a count of the bar; none where the player does not want it. */
export function beatPulses(count, rhythm) {
  if (rhythm === "off" || (rhythm === "bars" && count)) return [];
  return [[0, rhythm === "accents" && !count ? ACCENT_MS : BEAT_MS]];
}

/** When the last of these pulses ends. */
export const lengthOf = (pulses) => Math.max(0, ...pulses.map(([begin, long]) => begin + long));
