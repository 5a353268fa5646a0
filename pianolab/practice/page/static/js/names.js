// Names of keys in the style that the player chose. pianolab.units.note_name says the same in Python; a test holds both.

export const STYLES = {
  C4: ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"],
  Do: ["Do", "Do#", "Re", "Re#", "Mi", "Fa", "Fa#", "Sol", "Sol#", "La", "La#", "Si"],
  "도": ["도", "도#", "레", "레#", "미", "파", "파#", "솔", "솔#", "라", "라#", "시"],
};

/**
 * The name of the nearest key, sharps only.
 * @param {number} midi 60 is C4; fractions lie between keys.
 * @param {"C4"|"Do"|"도"} style
 * @throws {RangeError} If there is no such style, or the number is not finite.
 */
export function noteName(midi, style = "C4") {
  if (!Object.hasOwn(STYLES, style)) throw new RangeError(`note style ${style} is unknown: use ${Object.keys(STYLES).join(", ")}`);
  if (!Number.isFinite(midi)) throw new RangeError(`MIDI ${midi} has no name: use a finite number, 60 is C4`);
  const whole = Math.floor(midi + 0.5);
  const octave = Math.floor(whole / 12);
  return `${STYLES[style][whole - 12 * octave]}${octave - 1}`;
}
