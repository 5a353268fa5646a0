// Finding what stands on the page, taking drawings into it, and putting several things into one sentence.

export const at = (id) => document.getElementById(id);

/** A drawing that came as text, as an element of this document. */
export function drawn(text) {
  return document.adoptNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement);
}

/** "C4", "C4 and E4", "C4, E4 and G4". */
export function listed(say, things) {
  if (things.length < 2) return things.join("");
  return say("and", { most: things.slice(0, -1).join(", "), last: things.at(-1) });
}
