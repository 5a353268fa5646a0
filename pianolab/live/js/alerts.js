// What is wrong now, each with what to do about it.

import { h } from "./dom.js";

export class Alerts {
  constructor({ say }) {
    this.say = say;
    this.node = h("div", { class: "pl-alerts", role: "alert" });
  }

  /** @param {import("./troubles.js").Troubles} troubles */
  show(troubles) {
    const { say } = this;
    this.node.replaceChildren(...[...troubles.now].map(([code, more]) => h("p", { class: "pl-alert" },
      h("strong", {}, "⚠ ", () => say(`trouble.${code}.what`)),
      () => [more?.(say), say(`trouble.${code}.remedy`)].filter(Boolean).join(" "))));
  }
}
