// What all parts of one page share: the texts, the note names, the letters of the detectors, the colours of the theme.

import { Names } from "./piano.js";

export const LETTERS = ["A", "B"]; // by which the player tells two detectors apart

export class Context {
  /** @param {import("./texts.js").Texts} texts */
  constructor(texts) {
    this.texts = texts;
    this.say = texts.say;
    this.names = new Names();
    this.root = null; // the page's element, once it is built
  }

  /** The colours that the style sheet gives to the theme of today. */
  colours() {
    const css = getComputedStyle(this.root);
    const of = (name) => css.getPropertyValue(`--pl-${name}`).trim();
    return { text: of("text"), line: of("line"), a: of("a"), b: of("b") };
  }
}
