// Texts of the catalogue in the player's language. The same files are read by pianolab/texts/catalogue.py.

export const DEFAULT_LANGUAGE = "en";
const STORED = "pianolab-language";

/**
 * A text with its values filled in.
 * @param {Object<string, string|{one?: string, other: string}>} catalogue Every text of one language.
 * @param {string} key
 * @param {Object<string, *>} values What stands in the places of the text; `n` also chooses between one and several.
 * @throws {Error} If there is no such text, or a value is missing.
 */
export function fill(catalogue, key, values = {}) {
  const entry = catalogue[key];
  if (entry === undefined) throw new Error(`the catalogue has no text ${key}`);
  const text = typeof entry === "string" ? entry : (values.n === 1 && entry.one) || entry.other;
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    if (values[name] === undefined) throw new Error(`the text ${key} needs a value for ${name}`);
    return values[name];
  });
}

/** The texts of one page: `say(key, values)` speaks the language that `language` names at that moment. */
export class Texts {
  /** @param {Object<string, Object>} catalogues Texts of each language. */
  constructor(catalogues, language = DEFAULT_LANGUAGE) {
    this.catalogues = catalogues;
    this.language = DEFAULT_LANGUAGE;
    this.use(language);
    this.say = (key, values) => fill(this.catalogues[this.language], key, values);
  }

  knows(language) {
    return Object.hasOwn(this.catalogues, language);
  }

  /** Speak another language; one that the catalogue lacks changes nothing. */
  use(language) {
    if (this.knows(language)) this.language = language;
  }
}

/**
 * The language that the player chose in this browser, or null; a browser that keeps nothing has none.
 * @param {function(): Storage} storage A function, because the browser may refuse even to name its store.
 * @param {Texts} texts A language that they lack counts as none: an older or newer page has kept it.
 */
export function storedLanguage(storage, texts) {
  try {
    const stored = storage().getItem(STORED);
    return texts.knows(stored) ? stored : null;
  } catch {
    return null;
  }
}

/** Keep the player's language for the next time, where the browser allows it. */
export function storeLanguage(storage, language) {
  try {
    storage().setItem(STORED, language);
  } catch {
    // Without a store the page asks the kernel again the next time.
  }
}
