// What the page says in words: one sentence of what was heard, one of what comes next. No document is needed here.

import { noteName } from "./names.js";
import { listed } from "./nodes.js";

/** Which keys are due, hand by hand, with their fingers. */
export function dueInWords(say, notes, names) {
  const of = (hand) => notes.filter((note) => note.hand === hand).map((note) => {
    const name = noteName(note.midi, names);
    return note.finger ? say("key_finger", { key: name, finger: note.finger }) : name;
  });
  return ["right", "left"].filter((hand) => of(hand).length).map((hand) => say(`due.${hand}`, { keys: listed(say, of(hand)) })).join(" ");
}

/** What is said of the waiting page: a wrong key with the way to go, a doubt, or that it was right. */
export function heardInWords(say, told, names, before) {
  const wrong = told.wrong.at(-1);
  if (wrong) return { kind: "wrong", text: say("wrong", { said: wrong.said }) };
  if (told.unsure.length) return { kind: "not-sure", text: told.said };
  if (told.ended) return { kind: "right", text: told.said };
  if (told.right.length) {
    const keys = listed(say, told.right.map((key) => noteName(key, names)));
    return { kind: "right", text: say("right_so_far", { keys }) };
  }
  if (before && (before.step !== told.step || before.rounds !== told.rounds)) {
    return { kind: "right", text: told.rounds !== before.rounds ? say("round_done", { n: told.rounds }) : say("right") };
  }
  return null;
}

const WRONG = Object.fromEntries(["wrong", "octave", "missing", "extra", "doubled"].map((what) => [what, "wrong"]));
const KINDS = { right: "right", "not sure": "not-sure", ...WRONG };

/** The class of what a verdict says; "" for what is no wrong key: early, late, uneven, gone back, skipped. */
export const kindOf = (what) => KINDS[what] ?? "";
