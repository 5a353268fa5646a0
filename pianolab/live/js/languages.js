// The choice of a language. It stands in the head of the page, and each language has its own name.

import { h, uniqueId } from "./dom.js";

export class Languages {
  /** @param {function(string): void} onChoice */
  constructor({ say, texts }, onChoice) {
    this.texts = texts;
    this.select = h("select", { id: uniqueId(), class: "pl-language", onchange: () => onChoice(this.select.value) });
    this.node = h("span", { class: "pl-field" }, h("label", { for: this.select.id }, () => say("language")), " ", this.select);
  }

  /** Offer those languages of the kernel that the page speaks. */
  offer(languages) {
    const known = Object.entries(languages).filter(([language]) => this.texts.knows(language));
    this.select.replaceChildren(...known.map(([language, name]) => h("option", { value: language, lang: language }, name)));
    this.show();
  }

  show() {
    this.select.value = this.texts.language;
  }
}
