// A module imports only from lower floors: so there are no circles, and what needs no browser says so.

import assert from "node:assert/strict";
import test from "node:test";
import { parse } from "acorn";
import { simple } from "acorn-walk";
import { MODULES, textOf } from "./sources.mjs";

const FLOORS = [
  ["holder.js", "link.js", "piano.js", "progress.js", "soundcheck.js", "source.js", "spectrum.js", "texts.js", "troubles.js", "verdicts.js", "worklet.js", "dom.js"],
  ["watch.js"],
  ["analysis.js", "capture.js", "context.js", "heard.js", "rollnotes.js", "session.js"],
  ["alerts.js", "asks.js", "choices.js", "controls.js", "counts.js", "keyboard.js", "languages.js", "learn.js", "modes.js", "notelog.js", "pedal.js", "prompt.js", "roll.js", "scope.js", "settings.js", "setup.js", "status.js", "takes.js"],
  ["listener.js", "pictures.js"],
  ["listeners.js"],
  ["view.js"],
  ["main.js"],
];
// These run anywhere: they know neither a document nor a window, and tests/*.test.mjs drive them in node.
const PURE = ["heard.js", "holder.js", "link.js", "piano.js", "progress.js", "rollnotes.js", "session.js", "soundcheck.js", "source.js", "spectrum.js", "texts.js", "troubles.js", "verdicts.js", "watch.js"];
const BROWSER = ["document", "window", "navigator", "localStorage", "AudioContext", "requestAnimationFrame"];

const floorOf = (name) => FLOORS.findIndex((names) => names.includes(name));
const tree = (name) => parse(textOf(name), { ecmaVersion: "latest", sourceType: "module" });
const imported = (name) => tree(name).body.filter(({ type }) => type === "ImportDeclaration").map(({ source }) => source.value);

test("every module has a floor, and every floor only modules that are there", () => {
  assert.deepEqual(FLOORS.flat().sort(), MODULES);
});

test("a module imports only from lower floors", () => {
  for (const name of MODULES) {
    for (const from of imported(name).filter((path) => path.startsWith("./"))) {
      const other = from.slice(2).replace("?text", "");
      assert.ok(floorOf(other) < floorOf(name), `${name} imports ${other}`);
    }
  }
});

test("a module imports nothing but modules of the page, and the entry its texts", () => {
  for (const name of MODULES) {
    const others = imported(name).filter((path) => !path.startsWith("./"));
    assert.deepEqual(others, name === "main.js" ? ["../../texts/en/page.json", "../../texts/ko/page.json"] : []);
  }
});

test("a module that needs no browser names nothing of one and imports nothing that does", () => {
  for (const name of PURE) {
    simple(tree(name), {
      Identifier(node) { assert.ok(!BROWSER.includes(node.name), `${name} names ${node.name}`); },
    });
    for (const from of imported(name)) assert.ok(PURE.includes(from.slice(2)), `${name} imports ${from}`);
  }
});
