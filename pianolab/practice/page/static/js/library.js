// What the page asks of the library: the pieces that are there, and a score with its pages.

export class Shelf {
  /** @param {string} token @param {function} say */
  constructor(token, say) {
    Object.assign(this, { token, say });
  }

  async ask(path) {
    let answer;
    try {
      answer = await fetch(path, { headers: { Authorization: `Bearer ${this.token}` } });
    } catch {
      throw new Error(this.say("error.away"));
    }
    const told = await answer.json().catch(() => ({ error: { text: "" } }));
    if (!answer.ok) throw new Error(`${this.say("error.failed")} ${told.error?.text ?? ""}`.trim());
    return told;
  }

  async scores() {
    return (await this.ask("/library?kind=score")).items;
  }

  /** How often a piece was practised, and how much of the newest take was right; null if never. */
  async practised(item) {
    const { takes } = await this.ask(`/progress/${item}`);
    const last = takes.at(-1);
    return last ? { n: takes.length, right: Math.round((100 * last.right) / Math.max(1, last.of)) } : null;
  }

  /** A score, its pages as wide as there is room for. */
  score(item, width) {
    return this.ask(`/library/${item}/score?width=${width}`);
  }
}

/** What a piece is called: in Korean its Korean name comes first, where it has one. */
export function named({ title, also }, language) {
  if (!also) return title;
  return language === "ko" && /\p{Script=Hangul}/u.test(also) ? `${also} (${title})` : `${title} (${also})`;
}

/** The width that verovio is asked for, in tenths of a millimetre at its scale of 50 %, so that notes have their natural size. */
export function pageWidth(pixels, size) {
  return Math.max(600, Math.min(4200, Math.round((2 * pixels) / size / 20) * 20));
}
