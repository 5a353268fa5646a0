// Falling notes without their drawing: which notes are seen, and where each lies above the keyboard.

import { isBlack, keyBox, part } from "./piano.js";

export const AHEAD = 8; // quarter notes that are seen above the keys
export const BEHIND = 0.5; // quarter notes that stay below the line for a moment
const LEAST = 0.12; // quarter notes; shorter notes are drawn as long as that

/**
 * The notes that are seen at a moment, the earliest first.
 * @param {{midi: number, onset_beats: number, offset_beats: number, hand: "right"|"left", finger?: ?number}[]} notes
 * @param {{beat: number, hands?: "both"|"right"|"left", ahead?: number}} at
 */
export function seen(notes, { beat, hands = "both", ahead = AHEAD }) {
  return notes
    .filter((note) => note.offset_beats > beat - BEHIND && note.onset_beats < beat + ahead)
    .map((note) => ({ ...note, left: note.hand === "left", other: isOther(note, hands), now: isNow(note, beat) }))
    .sort((a, b) => a.onset_beats - b.onset_beats || a.midi - b.midi);
}

const isNow = (note, beat) => note.onset_beats <= beat + 1e-9 && beat < note.offset_beats;
const isOther = (note, hands) => hands !== "both" && note.hand !== hands;

/**
 * Where things lie on a picture of this size. Time falls: what comes later stands higher, and meets the line when it is due.
 * @param {number[]} midis Keys that must have room.
 */
export function geometry(midis, { width, height, ahead = AHEAD }) {
  const keys = part(midis);
  const line = height * ahead / (ahead + BEHIND);
  const beat = line / ahead;
  const scale = width / keys.width;
  return {
    keys, line, beat,
    box: ({ midi, onset_beats: on, offset_beats: off }, now) => {
      const { x, w } = keyBox(midi);
      const thick = Math.max(5, w * scale - 2);
      const long = Math.max(LEAST, off - on) * beat - 2; // A gap parts notes that follow each other.
      return {
        x: (x + w / 2 - keys.left) * scale - thick / 2,
        y: line - (on - now) * beat - long,
        w: thick,
        h: Math.max(3, long),
        black: isBlack(midi),
      };
    },
    y: (at, now) => line - (at - now) * beat,
  };
}

/** The bars whose line is seen. */
export const barLines = (bars, { beat, ahead = AHEAD }) => bars.filter((bar) => bar > beat - BEHIND && bar < beat + ahead);
