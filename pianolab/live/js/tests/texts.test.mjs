// Every word that a player reads comes from the catalogue, and the catalogue holds nothing that no player reads.

import assert from "node:assert/strict";
import test from "node:test";
import { parse } from "acorn";
import { ancestor, simple } from "acorn-walk";
import { DEFAULT_LANGUAGE, Texts, fill, storeLanguage, storedLanguage } from "../texts.js";
import { CODES } from "../troubles.js";
import { MODULES, catalogue, textOf } from "./sources.mjs";

const en = catalogue("en");
const ko = catalogue("ko");
const trees = MODULES.map((name) => [name, parse(textOf(name), { ecmaVersion: "latest", sourceType: "module", locations: true })]);

// ---- filling in

test("a text has its values filled in", () => {
  assert.equal(fill({ a: "{x} of {y}" }, "a", { x: 1, y: "two" }), "1 of two");
});

test("a pair has a form for one and one for several; a language may have only one form", () => {
  const pair = { a: { one: "{n} note", other: "{n} notes" }, b: { other: "음 {n}개" } };
  assert.deepEqual([0, 1, 2].map((n) => fill(pair, "a", { n })), ["0 notes", "1 note", "2 notes"]);
  assert.equal(fill(pair, "b", { n: 1 }), "음 1개");
});

test("a missing text and a missing value are named", () => {
  assert.throws(() => fill({}, "start"), /no text start/);
  assert.throws(() => fill({ a: "{x}" }, "a"), /a needs a value for x/);
});

test("a value that looks like a place is left as it is", () => {
  assert.equal(fill({ a: "{name}" }, "a", { name: "{x} $1" }), "{x} $1");
});

test("the page speaks the language of the moment, and keeps its own where it does not know one", () => {
  const texts = new Texts({ en: { hi: "Hello" }, ko: { hi: "안녕하세요" } });
  assert.equal(texts.language, DEFAULT_LANGUAGE);
  const { say } = texts;
  texts.use("ko");
  assert.equal(say("hi"), "안녕하세요");
  for (const unknown of ["fr", null, undefined, "constructor"]) texts.use(unknown);
  assert.equal(say("hi"), "안녕하세요");
});

test("the chosen language is remembered, and a browser that forbids it is no failure", () => {
  const texts = new Texts({ en: {}, ko: {} });
  const kept = new Map();
  const store = () => ({ getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) });
  assert.equal(storedLanguage(store, texts), null);
  storeLanguage(store, "ko");
  assert.equal(storedLanguage(store, texts), "ko");
  storeLanguage(store, "fr"); // Another page of this address may have kept it; the kernel would refuse it.
  assert.equal(storedLanguage(store, texts), null);
  const forbidden = () => { throw new Error("The operation is insecure."); };
  storeLanguage(forbidden, "ko");
  assert.equal(storedLanguage(forbidden, texts), null);
});

// ---- the catalogue and the modules

// What stands in the place of each key that a module puts together.
const VALUES = {
  "back.…": ["off", "gain", "band"],
  "check.…": ["offer", "begin", "later", "done", "play", "nothing", "no_note", "other", "heard", "level_good", "level_faint", "level_clipped"],
  "choices.…": ["threshold", "onset_threshold", "n_confirm"],
  "labels.…": ["none", "proposed", "confirmed", "note", "begins", "lasts", "move"],
  "learn.…": ["begin", "again", "skip", "repeat", "give_up", "forget"],
  "listener.…": ["in_tune", "sharp", "flat"],
  "listens.…": ["single", "chords"],
  "mode.…": ["single", "chords"],
  "prompt.…": ["wrong", "octave"],
  "report.…": ["verdict", "asked", "heard", "at", "off_beat"],
  "scores.…": ["detector", "precision", "recall", "onset_f1", "note_f1", "onset_bias"],
  "status.…": ["listening", "listening_to", "processed"],
  "takes.…": ["play", "save", "forget", "labels"],
  "trouble.….remedy": CODES,
  "trouble.….what": CODES,
  "verdict.…": ["right", "wrong", "octave", "missing", "extra", "doubled", "perhaps", "late", "early"],
};

/** The keys that a module says: whole ones, and the shapes of those that it puts together. */
function keysOf(tree) {
  const keys = new Set();
  const note = (node) => {
    if (node?.type === "Literal" && typeof node.value === "string") keys.add(node.value);
    else if (node?.type === "TemplateLiteral") keys.add(node.quasis.map(({ value }) => value.cooked).join("…"));
    else if (node?.type === "ConditionalExpression") [node.consequent, node.alternate].forEach(note);
  };
  const speaks = ({ callee }) => ["say", "status", "picture", "region", "ended"].includes(callee.property?.name ?? callee.name);
  simple(tree, {
    CallExpression(node) { if (speaks(node)) note(node.arguments[0]); },
    VariableDeclarator(node) { if (node.id.name === "key") note(node.init); },
  });
  return [...keys];
}

const said = new Set(trees.flatMap(([, tree]) => keysOf(tree)));
const shapes = [...said].filter((key) => key.includes("…"));

test("for every key that is put together it is known of what", () => {
  assert.deepEqual(shapes.sort(), Object.keys(VALUES).sort());
});

test("the catalogue holds the texts that the page says, all of them and no other", () => {
  const whole = [...said].filter((key) => !key.includes("…"));
  const together = Object.entries(VALUES).flatMap(([shape, values]) => values.map((value) => shape.replace("…", value)));
  assert.deepEqual(Object.keys(en).sort(), [...new Set([...whole, ...together])].sort());
});

test("every text stands in both languages", () => {
  assert.deepEqual(Object.keys(ko), Object.keys(en));
});

// ---- no text outside the catalogue

const WORD = /\p{L}{2}/u;
const SEEN_ATTRIBUTES = ["aria-label", "title", "alt", "placeholder"];
const SEEN_PROPERTIES = ["textContent", "innerText", "innerHTML", "title", "placeholder", "data"];
// Which arguments of a call are shown: from the first of them to the one behind the last.
const GIVEN = {
  h: [2], word: [1, 2], labelled: [0, 1], tick: [0, 1], table: [0], append: [0], prepend: [0], replaceChildren: [0],
  after: [0], before: [0], fillText: [0, 1], createTextNode: [0],
};
const UNITS = ["Hz", "dB", "0 dB"]; // the same in every language
// Strings of two words or more that no player reads.
const NOT_READ = ["12px system-ui, sans-serif", "bold 14px system-ui, sans-serif", "(prefers-reduced-motion: reduce)"];

/** All strings written in an expression, but those that choose something: keys, attributes, comparisons. */
function written(node) {
  switch (node?.type) {
    case "Literal": return typeof node.value === "string" ? [node.value] : [];
    case "TemplateLiteral": return [...node.quasis.map(({ value }) => value.cooked), ...node.expressions.flatMap(written)];
    case "ConditionalExpression": return [node.consequent, node.alternate].flatMap(written);
    case "BinaryExpression": return node.operator === "+" ? [node.left, node.right].flatMap(written) : [];
    case "LogicalExpression": return [node.left, node.right].flatMap(written);
    case "ArrayExpression": return node.elements.flatMap(written);
    case "SpreadElement": return written(node.argument);
    case "ArrowFunctionExpression": return node.body.type === "BlockStatement" ? [] : written(node.body);
    default: return [];
  }
}

/** Words given to the document in a module: in a child, an attribute, a property, or on a canvas. */
function shown(tree) {
  const found = [];
  const see = (strings) => found.push(...strings.filter((text) => WORD.test(text) && !UNITS.includes(text.trim())));
  simple(tree, {
    CallExpression({ callee, arguments: given }) {
      const name = callee.property?.name ?? callee.name;
      if (Object.hasOwn(GIVEN, name)) see(given.slice(...GIVEN[name]).flatMap(written));
      if (name === "setAttribute" || name === "wordAttribute") {
        const at = name === "setAttribute" ? 0 : 1;
        if (SEEN_ATTRIBUTES.includes(given[at].value)) see(written(given[at + 1]));
      }
    },
    Property({ key, value }) {
      if (SEEN_ATTRIBUTES.includes(key.value ?? key.name)) see(written(value));
    },
    AssignmentExpression({ left, right }) {
      if (SEEN_PROPERTIES.includes(left.property?.name)) see(written(right));
    },
  });
  return found;
}

/** Sentences anywhere in a module, but in what it throws at its programmer. */
function sentences(tree) {
  const found = [];
  const look = (text, ancestors) => {
    const thrown = ancestors.some(({ type, callee }) => type === "NewExpression" && callee.name === "Error");
    if (!thrown && /\p{L}{2,}[,.:;!?]? +\p{L}{2,}/u.test(text) && !NOT_READ.includes(text) && !/^pl-/.test(text)) found.push(text);
  };
  ancestor(tree, {
    Literal(node, _, ancestors) { if (typeof node.value === "string") look(node.value, ancestors); },
    TemplateElement(node, _, ancestors) { look(node.value.cooked, ancestors); },
  });
  return found;
}

test("no module shows a word that is not of the catalogue", () => {
  for (const [name, tree] of trees) assert.deepEqual(shown(tree), [], name);
});

test("no module holds a sentence", () => {
  for (const [name, tree] of trees) assert.deepEqual(sentences(tree), [], name);
});

test("a word outside the catalogue would be found wherever it is put", () => {
  const smuggled = [
    'h("p", {}, "Hello")', 'h("p", {}, on ? `${n} notes` : "")', 'h("p", { "aria-label": "keys" })', 'h("p", {}, () => "Hello")',
    'node.textContent = "Hello"', 'pen.fillText("now", 0, 0)', 'word(node, () => n + " ms left")', 'box.append("Hello")',
    'node.setAttribute("title", `Take ${n}`)',
  ];
  for (const code of smuggled) assert.equal(shown(parse(code, { ecmaVersion: "latest" })).length, 1, code);
  assert.equal(sentences(parse('const text = "Press Start again.";', { ecmaVersion: "latest" })).length, 1);
});
