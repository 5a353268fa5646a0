// How much was heard, and what was lost on the way: one line of numbers.

import { h, word } from "./dom.js";

const COUNT_MS = 500; // the counts change no more often

export class Counts {
  /** @param {import("./session.js").Session} session */
  constructor({ say }, session) {
    Object.assign(this, { say, session });
    this.node = h("p", { class: "pl-small pl-counts" });
  }

  clear() {
    this.node.replaceChildren();
  }

  /** While a stream runs: Heard of pianolab/live/messages.py. */
  heard({ seconds, missing_s: missing, refused, lost }) {
    const now = performance.now();
    if (now - this.countedAt < COUNT_MS) return;
    this.countedAt = now;
    const { dropped, onTheWay } = this.session.link;
    const n = onTheWay.size;
    const values = { seconds: seconds.toFixed(1), missing: missing.toFixed(2), dropped };
    word(this.node, () => [
      this.say("counts.heard", values),
      refused ? this.say("counts.refused", { n: refused }) : "",
      lost ? this.say("counts.lost", { n: lost }) : "",
      this.session.from ? "" : this.say("counts.on_their_way", { n }),
    ].filter(Boolean).join(", "));
  }

  /** At the end: the counts of Stopped. */
  stopped({ blocks, missing }) {
    const { dropped } = this.session.link;
    word(this.node, () => this.say("counts.stopped", { blocks, missing, dropped }));
  }
}
