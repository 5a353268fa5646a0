// What one detector has heard so far: which keys sound, what they are called together, and the last note.

/**
 * What a chord is called in the player's note names. The kernel words it once, so in another language it has only its
 * symbol; an interval's symbol is a word.
 * @param {{texts: Object, language: string}} event A ChordHeard of pianolab/live/messages.py, and the language then.
 */
export function chordWords({ texts, language }, { names, texts: { language: now } }) {
  const { symbol, spoken, keys } = texts[names.style];
  if (language === now) return { symbol, spoken, keys };
  return { symbol: symbol === spoken ? "" : symbol, spoken: "", keys };
}

export class Heard {
  /** @param {{names: import("./piano.js").Names, texts: import("./texts.js").Texts}} context */
  constructor(context) {
    this.context = context;
    this.open = new Map(); // number of a note -> MIDI number
    this.clear();
  }

  clear() {
    this.open.clear();
    this.last = this.chord = null;
  }

  /** All keys are let go; the last note is remembered. */
  end() {
    this.open.clear();
    this.chord = null;
  }

  /** An event of the kernel; see pianolab/live/messages.py. */
  take(event) {
    if (event.kind === "pedal") return; // The mark of the pedal tells it.
    if (event.kind === "chord") this.chord = event;
    else if (event.kind === "off") this.open.delete(event.note);
    else this.open.set(event.note, event.midi);
    if (event.kind === "on") this.last = event;
  }

  /** The keys that sound, each once, from the lowest. */
  get keys() {
    return [...new Set(this.open.values())].sort((a, b) => a - b);
  }

  get silent() {
    return !this.open.size && !this.chord?.midi.length;
  }

  /** What the last settled keys are called, in the player's note names. */
  get words() {
    return this.chord ? chordWords(this.chord, this.context) : { symbol: "", spoken: "", keys: [] };
  }

  /** The name of a key, spelt as in the chord that sounds. */
  nameOf(midi) {
    const at = this.chord?.midi.indexOf(midi) ?? -1;
    return at < 0 ? this.context.names.of(midi) : this.words.keys[at];
  }

  /**
   * What is told of many keys at once.
   * @returns {{large: string, spoken: string, others: string[], n: number}} The large name: that of a chord, or its
   *   keys, for an interval stands beside its two keys.
   */
  summary() {
    const { symbol, spoken } = this.words;
    const names = this.keys.map((midi) => this.nameOf(midi));
    const large = symbol && symbol !== spoken ? symbol : names.join(" ") || symbol;
    return { large, spoken, others: this.chord?.others ?? [], n: names.length };
  }
}
