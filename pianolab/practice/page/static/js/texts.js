// Texts of the page: what stands in the catalogue, with its places filled.

/**
 * @param {Object<string, string|{one?: string, other: string}>} texts Texts of one language, by their key without the room's name.
 * @returns {function(string, Object=): string} `say(key, values)`; `n` also chooses between one and several.
 */
export function speaker(texts) {
  if (typeof texts === "function") return texts;
  return (key, values = {}) => {
    const entry = texts[key];
    if (entry === undefined) throw new Error(`the catalogue has no text ${key}`);
    const text = typeof entry === "string" ? entry : (values.n === 1 && entry.one) || entry.other;
    return text.replace(/\{(\w+)\}/g, (_, name) => {
      if (values[name] === undefined) throw new Error(`the text ${key} needs a value for ${name}`);
      return values[name];
    });
  };
}
