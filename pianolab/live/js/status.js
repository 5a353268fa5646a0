// The line that says how the page stands, or what was refused.

import { h, word } from "./dom.js";

export class Status {
  constructor({ say }) {
    this.say = say;
    this.complains = false;
    this.node = h("p", { class: "pl-status", role: "status" });
  }

  /** @param {Object | function(): Object} values A function gives those of the language of the moment. */
  tell(key, values) {
    this.complains = false;
    word(this.node, () => this.say(key, typeof values === "function" ? values() : values));
  }

  /** The kernel has worded this: in another language it stands as it is, so a switch says it anew or takes it away. */
  refuse(text) {
    this.complains = true;
    word(this.node, () => `⚠ ${text}`);
  }
}
