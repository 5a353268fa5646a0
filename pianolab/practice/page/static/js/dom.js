// Making elements. No style is written into the HTML, so that the page's rules may forbid it.

const SVG = "http://www.w3.org/2000/svg";

let count = 0;
export const uniqueId = (name) => `${name}-${++count}`;

/** Whether the player asked the system for little motion. */
export const isCalm = () => Boolean(globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches);

const give = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
};

/** An HTML element; attributes that begin with `on` are handlers, those that are false or missing are left out. */
export const h = (tag, attributes = {}, ...children) => give(document.createElement(tag), attributes, children);

/** An element of a drawing. */
export const s = (tag, attributes = {}, ...children) => give(document.createElementNS(SVG, tag), attributes, children);

/** A field below its name; a box to tick stands before it. */
export function labelled(text, field) {
  field.id ||= uniqueId("field");
  const label = h("label", { for: field.id }, text);
  const isBox = field.type === "checkbox";
  return h("p", { class: "field" }, ...(isBox ? [field, " ", label] : [label, " ", field]));
}

/** A menu of `[value, text]`. */
export function menu(options, chosen, onchange) {
  const made = options.map(([value, text]) => h("option", { value, selected: value === chosen }, text));
  return h("select", { onchange: (event) => onchange(event.target.value) }, ...made);
}

/** Let a node hold this text; one that stays is not read out again. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
