// A sitting as the page sees it: who says what first, and what is sent on the way.

import assert from "node:assert/strict";
import test from "node:test";
import { Link, address } from "../link.js";
import { Sitting } from "../sitting.js";

const CHOICE = { item: 3, hands: "both", mode: "wait", tempo: 1 };

function begun() {
  const sent = [];
  const phases = [];
  const sitting = new Sitting((message) => sent.push(message), () => phases.push(sitting.phase));
  sitting.start({ hello: { sr: 48000 }, choice: CHOICE, commands: { again: 21, slower: null, on: null } });
  const types = () => sent.map(({ type }) => type);
  return { sent, phases, sitting, types };
}

function playing() {
  const all = begun();
  for (const type of ["welcome", "chosen", "begun"]) all.sitting.message({ type });
  return all;
}

test("it says hello, chooses, tells its keys and begins, each when the program has answered", () => {
  const { sent, sitting, types } = begun();
  assert.deepEqual(sent, [{ type: "hello", versions: [1], sr: 48000 }]);
  sitting.message({ type: "welcome" });
  assert.deepEqual(sent[1], { type: "choose", ...CHOICE });
  assert.equal(sitting.playing, false);
  sitting.message({ type: "chosen" });
  sitting.message({ type: "begun" });
  assert.deepEqual(types(), ["hello", "choose", "commands", "begin"]);
  assert.ok(sitting.playing);
});

test("the report ends a take, and a new one needs no greeting", () => {
  const { sitting, types, phases } = playing();
  sitting.finish();
  sitting.finish();
  sitting.message({ type: "report" });
  sitting.again();
  assert.deepEqual(types().slice(4), ["finish", "choose"]);
  assert.deepEqual(phases, ["greeting", "choosing", "playing", "finishing", "resting", "choosing"]);
});

test("a key of the piano begins again from rest, and what it chose is not begun twice", () => {
  const { sitting, types } = playing();
  sitting.message({ type: "report" });
  sitting.message({ type: "chosen" });
  sitting.message({ type: "begun" });
  assert.ok(sitting.playing);
  assert.deepEqual(types().slice(4), []);
});

test("another tempo is taken at once while one plays, and kept for later else", () => {
  const { sitting, sent } = playing();
  sitting.tempo(0.5);
  assert.deepEqual(sent.at(-1), { type: "tempo", tempo: 0.5 });
  sitting.message({ type: "report" });
  sitting.tempo(0.4);
  sitting.again();
  assert.deepEqual(sent.at(-1), { type: "choose", ...CHOICE, tempo: 0.4 });
});

test("a choice that cannot be played comes to rest, a command that cannot be taken does not", () => {
  const { sitting } = begun();
  sitting.message({ type: "welcome" });
  sitting.message({ type: "error", code: "key_is_needed" });
  assert.equal(sitting.phase, "choosing");
  sitting.message({ type: "error", code: "no_passage" });
  assert.equal(sitting.phase, "resting");
  sitting.closed();
  assert.equal(sitting.connected, false);
});

function linked(bufferedAmount = 0) {
  const socket = { readyState: 1, bufferedAmount, sent: [], send(what) { this.sent.push(what); } };
  return { socket, link: new Link(socket, 48000, { opened() {}, told() {}, closed() {} }) };
}

test("sound goes out as it is; a hole, and what would come too late, is said to be missing", () => {
  const pcm = new Int16Array(1024).buffer;
  const { socket, link } = linked();
  link.sound({ pcm });
  link.sound({ missing: 128 });
  assert.equal(socket.sent[0], pcm);
  assert.deepEqual(JSON.parse(socket.sent[1]), { type: "missing", samples: 128 });
  const late = linked(48001);
  late.link.sound({ pcm });
  assert.deepEqual(JSON.parse(late.socket.sent[0]), { type: "missing", samples: 1024 });
  socket.readyState = 3;
  link.sound({ pcm });
  assert.equal(socket.sent.length, 2);
});

test("the address is that of the page, also behind TLS", () => {
  assert.equal(address({ protocol: "http:", host: "127.0.0.1:9" }, "a b"), "ws://127.0.0.1:9/practice/live?token=a%20b");
  assert.ok(address({ protocol: "https:", host: "h" }, "").startsWith("wss://h/"));
});
