// What is marked on the keyboard: one mark a key, told by a sign, a shape and a word. The message `shown` holds what is asked.

/** Signs and shapes; colour comes only in addition. A kind that stands earlier covers one that stands later. */
export const KINDS = {
  wrong: { sign: "✗", shape: "cross" },
  right: { sign: "✓", shape: "tick" },
  due: { sign: "●", shape: "pin" },
  unsure: { sign: "?", shape: "dashed" },
  beside: { sign: "◇", shape: "diamond" },
};

const ARROWS = { left: "←", right: "→", here: "" };

/**
 * @param {{due?: number[], right?: number[], wrong?: Object[], unsure?: number[], beside?: number[], fingers?: Object}} shown
 *   `fingers` gives a key's finger by its MIDI number.
 * @returns {{midi: number, kind: string, sign: string, shape: string, finger: ?number, arrow: string, asked: ?number}[]}
 *   From the lowest key to the highest.
 */
export function marksOf(shown) {
  const marks = new Map();
  const put = (midi, kind, more = {}) => {
    if (marks.has(midi)) return;
    marks.set(midi, { midi, kind, ...KINDS[kind], finger: null, arrow: "", asked: null, ...more });
  };
  // The newest wrong key of a place stands last, and what it says is true now.
  for (const wrong of [...(shown.wrong ?? [])].reverse()) put(wrong.midi, "wrong", wayTo(wrong));
  for (const midi of shown.right ?? []) put(midi, "right");
  for (const midi of shown.due ?? []) put(midi, "due", { finger: shown.fingers?.[midi] ?? null });
  for (const midi of shown.unsure ?? []) put(midi, "unsure");
  for (const midi of shown.beside ?? []) put(midi, "beside");
  return [...marks.values()].sort((a, b) => a.midi - b.midi);
}

/** An arrow from a wrong key towards the one that was asked for. */
function wayTo({ asked = null, semitones = 0 }) {
  return { asked, arrow: ARROWS[semitones > 0 ? "right" : semitones < 0 ? "left" : "here"] };
}

/**
 * The keyboard in words: each kind that is there with its keys.
 * @param {Object[]} marks
 * @param {function(string, Object=): string} say
 * @param {function(number): string} nameOf
 */
export function inWords(marks, say, nameOf) {
  const kinds = Object.keys(KINDS).filter((kind) => marks.some((mark) => mark.kind === kind));
  if (!kinds.length) return say("keys.none");
  return kinds.map((kind) => {
    const keys = marks.filter((mark) => mark.kind === kind).map((mark) => nameOf(mark.midi)).join(", ");
    return say(`keys.${kind}`, { keys });
  }).join(" ");
}
