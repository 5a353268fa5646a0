// What to play: nothing in particular, or one of those that the kernel offers.

import { h, uniqueId } from "./dom.js";

export class Asks {
  /** @param {function(string): void} onChoice Is called with the name of what to play, or "". */
  constructor({ say }, onChoice) {
    const nothing = h("option", { value: "" }, () => say("asks.nothing"));
    this.select = h("select", { id: uniqueId(), class: "pl-ask", onchange: () => onChoice(this.select.value) }, nothing);
    const label = h("label", { for: this.select.id }, () => say("asks.title"));
    this.node = h("span", { class: "pl-field", hidden: true }, label, " ", this.select);
  }

  /** Offer these, AskEntry of pianolab/live/messages.py; the same in another language leave the choice where it is. */
  offer(asks, chosen = this.select.value) {
    this.node.hidden = !asks.length;
    this.select.replaceChildren(this.select.firstChild, ...asks.map(({ name, label }) => h("option", { value: name }, label)));
    this.select.value = chosen;
  }

  /** What is played now cannot be changed while it is played. */
  show({ state }) {
    this.select.disabled = state !== "ready";
  }
}
