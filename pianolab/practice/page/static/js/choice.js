// What the player has chosen: kept for the next time on this machine, and told to the program in its words.

export const SLOWEST = 0.3;
export const FASTEST = 2;
export const SLOWER = 0.1; // So much slower or faster at a press.
const KEPT = "pianolab.practice";
const WHEN_NEW = {
  item: null, hands: "both", mode: "wait", first: 0, last: 0, loop: false, tempo: 1, certainty: 0.9, names: "C4", detector: "", size: 1,
  score: true, keys: true, falling: false, flash: false, again: "", slower: "", on: "",
};
const ONE_OF = { hands: ["both", "right", "left"], mode: ["wait", "beat", "free"], names: ["C4", "Do", "도"], size: [0.7, 1, 1.4] };
const RANGE = { tempo: [SLOWEST, FASTEST], certainty: [0.5, 1] };

/** What was kept, where it makes sense; what is new otherwise. */
export function remembered(store, language) {
  let kept = {};
  try {
    kept = JSON.parse(store.getItem(KEPT)) ?? {};
  } catch {
    // A browser may keep nothing, or something else.
  }
  const choice = { ...WHEN_NEW, names: language === "ko" ? "도" : "C4" };
  for (const name of Object.keys(WHEN_NEW)) {
    if (makesSense(name, kept[name])) choice[name] = kept[name];
  }
  return choice;
}

function makesSense(name, value) {
  if (name in ONE_OF) return ONE_OF[name].includes(value);
  if (name in RANGE) return typeof value === "number" && value >= RANGE[name][0] && value <= RANGE[name][1];
  if (name === "item") return Number.isInteger(value);
  if (name === "first" || name === "last") return false; // Another piece has other bars.
  return typeof value === typeof WHEN_NEW[name];
}

export function keep(store, choice) {
  try {
    store.setItem(KEPT, JSON.stringify(choice));
  } catch {
    // Then it is asked again next time.
  }
}

/** The choice in the program's words. */
export function asMessage({ item, hands, mode, first, last, loop, tempo, certainty }) {
  return { item, hands, mode, first_bar: first, last_bar: last, loop, tempo, certainty };
}

/** The keys of the piano that command, in the program's words: "" none, "pedal", or a MIDI number. */
export function commandsOf(choice) {
  const told = (value) => (value === "" ? null : value === "pedal" ? value : Number(value));
  return { again: told(choice.again), slower: told(choice.slower), on: told(choice.on) };
}

/** The tempo a step slower (-1) or faster (1), as a share of the written one. */
export function stepped(tempo, way) {
  const to = Math.round((tempo + way * SLOWER) * 100) / 100;
  return Math.max(SLOWEST, Math.min(FASTEST, to));
}

/** The hands that a piece has, and the one that can be kept chosen. */
export function handsOf(piece, hands) {
  return piece.hands().length < 2 ? "both" : hands;
}
