// Making elements, and wording them anew when the player chooses another language.
// A text is given as a function, () => say(key); `reword` calls all of them again.

let count = 0;
export const uniqueId = () => `pianolab-${++count}-${Math.random().toString(36).slice(2, 8)}`;
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

const textNode = (text) => {
  const node = document.createTextNode("");
  node.say = text;
  node.reword = () => {
    const now = node.say();
    if (node.data !== now) node.data = now; // A text that stays is not read out again.
  };
  node.reword();
  return node;
};
const child = (given) => (typeof given === "function" ? textNode(given) : given);

/**
 * An element.
 * @param {string} tag
 * @param {Object<string, *>} attributes Of these, `on...` are handlers; any other function is a text.
 * @param {...(Node|string|function(): string)} children A function is a text.
 */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (typeof value === "function") wordAttribute(node, name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.map(child));
  return node;
}

/** Give an attribute a text. */
export function wordAttribute(node, name, text) {
  const set = () => {
    const now = text();
    if (node.getAttribute(name) !== now) node.setAttribute(name, now);
  };
  node.attributesToReword = { ...node.attributesToReword, [name]: set };
  node.reword = () => Object.values(node.attributesToReword).forEach((again) => again());
  set();
}

/** Let an element hold this text and nothing else. */
export function word(node, text) {
  if (node.childNodes.length === 1 && node.firstChild.say) {
    node.firstChild.say = text;
    node.firstChild.reword();
  } else node.replaceChildren(textNode(text));
}

/** Say every text below this element again, in the language of today. */
export function reword(root) {
  root.reword?.();
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) walker.currentNode.reword?.();
}

/**
 * Where the keyboard stands below a node that is about to be built anew.
 * @returns {function(Element): void} Puts it on the same control of what has come in the node's place, or on the next one.
 */
export function heldFocus(node) {
  const active = node?.getRootNode().activeElement;
  if (!active || !node.contains(active)) return () => {};
  const alike = (place) => [...place.querySelectorAll([active.localName, ...active.classList].join("."))];
  const at = alike(node).indexOf(active);
  return (place) => {
    const found = alike(place);
    (found[Math.min(at, found.length - 1)] ?? place.querySelector("button"))?.focus();
  };
}

/** A label and the field that it names, beside each other. */
export function labelled(text, field) {
  field.id ||= uniqueId();
  return h("p", {}, h("label", { for: field.id }, text), " ", field);
}

/** A switch: its input, and the paragraph that holds it. */
export function tick(text, name) {
  const input = h("input", { type: "checkbox", id: uniqueId(), class: name, role: "switch" });
  const label = h("label", { for: input.id }, text);
  return { input, label, node: h("p", {}, input, " ", label) };
}

/** A table with a caption; a cell is a text, a node, or a string. */
export function table(caption, head, rows) {
  return h("table", {},
    h("caption", {}, caption),
    h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, ...rows.map((cells) => h("tr", {}, ...cells.map((cell) => h("td", {}, cell))))));
}

/** A canvas as sharp as the screen, cleared: its pen, its width and its height. */
export function fitted(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.textAlign = "left";
  return [pen, width, height];
}
