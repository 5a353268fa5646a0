// The words beside the score: what was heard, and what comes next, in large letters; what was said before, below.

import { h, write } from "./dom.js";

const KEPT = 6; // Sentences that stay readable.

/** @param {HTMLElement} root */
export function mount(root) {
  const heard = h("p", { class: "heard" });
  const next = h("p", { class: "next" });
  const now = h("div", { role: "status" }, heard, next);
  const before = h("ol", { class: "before" });
  root.replaceChildren(now, before);
  return {
    /** What was heard: a sentence and its kind, which is a class of the style sheet. */
    heard(said) {
      if (!said || (said.text === heard.textContent && said.kind !== "wrong")) return;
      if (heard.textContent) before.prepend(h("li", { class: heard.dataset.kind }, heard.textContent));
      while (before.children.length > KEPT) before.lastChild.remove();
      write(heard, said.text);
      heard.dataset.kind = said.kind;
    },
    next: (text) => write(next, text),
    clear() {
      heard.textContent = "";
      heard.dataset.kind = "";
      before.replaceChildren();
    },
  };
}
