// From Start to Stop with a kernel, a microphone and a clock that are not real: what a session does when all is well, and
// what it says and lets go of when something fails.

import assert from "node:assert/strict";
import test from "node:test";
import { BUSY_MS, DEAD_MS } from "../link.js";
import { KernelSource } from "../source.js";
import { Trouble } from "../troubles.js";
import { SR, settle, setup } from "./fakes.mjs";

test("the page says hello in the player's language, and Start waits for the kernel", async () => {
  const { session, source, microphone, ready, told } = setup();
  assert.deepEqual(source.sent, [{ type: "hello", view: "view", language: "ko" }]);
  await session.start({});
  assert.equal(microphone.opened.length, 0); // Nothing is captured before the kernel has answered.
  ready();
  assert.deepEqual(told.states, ["ready"]);
});

test("an answer to another page of the same widget is none of ours", () => {
  const { session, source, told } = setup();
  source.answer({ type: "ready", view: "other", block: 1024 });
  source.answer({ type: "heard", session: "other-1", seq: 0 });
  assert.equal(session.state, "waiting");
  assert.deepEqual(told.answers, []);
});

test("a take from Start to Stop: microphone, blocks, last block, microphone off", async () => {
  const { session, source, microphone, clock, told, begun, block, heard } = setup();
  await begun({ deviceId: "usb", keep: true });
  assert.deepEqual(microphone.opened, ["usb"]);
  const [start] = source.of("start");
  assert.deepEqual([start.source, start.sr, start.keep, start.capture.label], ["browser", SR, true, "Desk"]);
  assert.equal(microphone.running, 1024);
  assert.deepEqual(told.status.at(-1), { key: "status.listening_to", sr: SR, microphone: "Desk", processing: "" });
  block();
  block();
  const stopped = session.stop();
  assert.equal(session.state, "stopping");
  await settle();
  assert.equal(source.of("stop").length, 0); // The answers to the last blocks are waited for.
  heard();
  await clock.pass(50);
  await stopped;
  assert.ok(microphone.finished && microphone.closed);
  assert.deepEqual(source.of("stop"), [{ type: "stop", session: "view-1", frames: 2048, dropped: 0 }]);
  source.answer({ type: "stopped", session: "view-1" });
  assert.deepEqual(told.states, ["ready", "starting", "running", "stopping", "ready"]);
  assert.equal(told.status.at(-1).key, "status.stopped");
});

test("every take is a session of its own", async () => {
  const { session, source, begun, clock } = setup();
  await begun();
  session.stop();
  await clock.pass(50);
  source.answer({ type: "stopped", session: "view-1" });
  await begun();
  assert.deepEqual(source.of("start").map((message) => message.session), ["view-1", "view-2"]);
});

test("a browser that still changes the sound is told of", async () => {
  const { begun, told } = setup({ processing: ["noiseSuppression", "autoGainControl"] });
  await begun();
  const { key, processing } = told.status.at(-1);
  assert.deepEqual([key, processing], ["status.processed", "noiseSuppression, autoGainControl"]);
});

test("a source of the kernel needs no microphone and is asked forty times a second until it is done", async () => {
  const { session, source, microphone, clock, begun, heard } = setup();
  await begun({ from: "Recording: a.wav" });
  assert.equal(source.of("start")[0].source, "Recording: a.wav");
  await clock.pass(25);
  assert.equal(source.of("poll").length, 1);
  await clock.pass(100);
  assert.equal(source.of("poll").length, 1); // It has not answered yet.
  heard();
  await clock.pass(25);
  assert.equal(source.of("poll").length, 2);
  heard({ done: true });
  await clock.pass(100);
  assert.equal(source.of("stop").length, 1);
  assert.equal(source.of("poll").length, 2);
  assert.equal(microphone.opened.length, 0);
  assert.equal(session.state, "stopping");
});

test("after a source of the kernel nothing is said of a microphone", async () => {
  const { session, source, clock, told, begun } = setup();
  await begun({ from: "Recording: a.wav" });
  session.stop();
  await clock.pass(50);
  source.answer({ type: "stopped", session: "view-1" });
  assert.equal(told.status.at(-1).key, "status.source_stopped");
  await begun({ from: "Recording: a.wav" });
  await clock.pass(DEAD_MS + 500);
  assert.equal(told.status.at(-1).key, "status.source_gave_up");
});

test("a denied microphone is named, and Start can be pressed again", async () => {
  const { session, source, ready, codes, microphone } = setup({ refuses: new Trouble("denied", "NotAllowedError: no") });
  ready();
  await session.start({});
  assert.deepEqual(codes(), ["denied"]);
  assert.equal(session.state, "ready");
  assert.ok(microphone.closed);
  assert.equal(source.of("start").length, 0);
});

test("an error that nobody foresaw is named with what was said", async () => {
  const { session, ready } = setup({ refuses: new TypeError("no such thing") });
  ready();
  await session.start({});
  assert.equal(session.troubles.now.get("other")(), "(no such thing)");
  assert.equal(session.state, "ready");
});

test("a kernel that refuses to start lets the microphone go", async () => {
  const { session, source, microphone, ready, codes } = setup();
  ready();
  const start = session.start({});
  await settle();
  source.answer({ type: "refused", asked: "start", text: "rate 1 Hz cannot be used" });
  await start;
  assert.equal(session.state, "ready");
  assert.ok(microphone.closed);
  assert.deepEqual(codes(), []);
});

test("a microphone that is unplugged ends the take and keeps it", async () => {
  const { session, source, microphone, clock, begun, codes } = setup();
  await begun();
  microphone.onTrouble("unplugged");
  await clock.pass(50);
  assert.equal(source.of("stop").length, 1);
  source.answer({ type: "stopped", session: "view-1" });
  assert.deepEqual(codes(), ["unplugged"]);
  assert.equal(session.state, "ready");
});

test("a sound that the browser pauses is a trouble until it goes on", async () => {
  const { microphone, begun, codes } = setup();
  await begun();
  microphone.onTrouble("suspended");
  assert.deepEqual(codes(), ["suspended"]);
  microphone.onTrouble("", "suspended");
  assert.deepEqual(codes(), []);
});

test("a busy kernel is told of after two seconds, and no more as soon as it answers", async () => {
  const { clock, begun, block, heard, codes } = setup();
  await begun();
  block();
  await clock.pass(BUSY_MS + 500);
  assert.deepEqual(codes(), ["busy"]);
  heard();
  assert.deepEqual(codes(), []);
});

test("a kernel that is busy from the beginning is waited for without end", async () => {
  const { session, clock, codes, ready } = setup();
  await clock.pass(DEAD_MS + 1000);
  assert.deepEqual(codes(), ["busy"]);
  assert.equal(session.state, "waiting");
  ready();
  assert.deepEqual(codes(), []);
  assert.equal(session.state, "ready");
});

test("after thirty seconds without an answer the microphone is let go", async () => {
  const { session, microphone, clock, begun, block, codes, told } = setup();
  await begun();
  block();
  await clock.pass(DEAD_MS + 500);
  assert.ok(microphone.closed);
  assert.deepEqual(codes(), ["dead"]);
  assert.equal(session.state, "ready");
  assert.equal(told.status.at(-1).key, "status.gave_up");
  await clock.pass(5000);
  assert.deepEqual(codes(), ["dead"]); // It is not told again that it is busy.
});

test("a Start or a Stop that nobody answers ends after thirty seconds, too", async () => {
  const starting = setup();
  starting.ready();
  const start = starting.session.start({});
  await settle();
  await starting.clock.pass(DEAD_MS + 500);
  await start;
  assert.equal(starting.session.state, "ready");
  assert.ok(starting.microphone.closed);
  assert.deepEqual(starting.codes(), ["dead"]);

  const stopping = setup();
  await stopping.begun();
  stopping.session.stop();
  await stopping.clock.pass(DEAD_MS + 2500);
  assert.equal(stopping.session.state, "ready");
  assert.deepEqual(stopping.codes(), ["dead"]);
});

test("a connection that is gone switches the microphone off and cannot be started again", async () => {
  const { session, source, microphone, begun, block, codes } = setup();
  await begun();
  source.gone = true;
  block();
  assert.ok(microphone.closed);
  assert.deepEqual(codes(), ["restarted"]);
  assert.equal(session.state, "lost");
  await session.start({});
  assert.equal(session.state, "lost");
});

test("a kernel that dies while it is asked to start leaves no microphone on", async () => {
  const { session, source, microphone, ready, codes } = setup();
  ready();
  source.gone = true;
  await session.start({});
  assert.ok(microphone.closed);
  assert.equal(session.state, "lost");
  assert.deepEqual(codes(), ["restarted"]);
});

test("a slow kernel: blocks are dropped, the player is told how much, and no more five seconds after the last", async () => {
  const { session, clock, begun, block, heard, codes } = setup();
  await begun();
  for (let i = 0; i < 30; i++) block();
  assert.deepEqual(codes(), ["slow"]);
  const said = session.troubles.now.get("slow")((key, values) => `${key} ${values.n} ${values.seconds}`);
  assert.equal(said, "trouble.slow.more 9 0.2");
  for (let i = 0; i < 10; i++) heard();
  await clock.pass(4900);
  assert.deepEqual(codes(), ["slow"]);
  await clock.pass(500);
  assert.deepEqual(codes(), []);
});

test("when another page has started, this one stops and says so", async () => {
  const { session, source, microphone, begun, told } = setup();
  await begun();
  source.answer({ type: "stale", session: "view-1", seq: 0 });
  assert.equal(session.state, "ready");
  assert.ok(microphone.closed);
  assert.equal(told.status.at(-1).key, "status.other_page");
});

test("a page that goes away ends the take and lets go of everything", async () => {
  const { session, source, microphone, clock, begun } = setup();
  await begun();
  session.close();
  assert.equal(source.of("stop").length, 1);
  assert.ok(microphone.closed && source.closed);
  assert.equal(clock.timers.size, 0);
});

test("a page that goes away while the browser asks for the microphone starts nothing afterwards", async () => {
  const { session, source, ready } = setup();
  ready();
  const start = session.start({});
  session.close();
  await start;
  assert.equal(source.of("start").length, 0);
  assert.equal(session.state, "closed");
});

test("blocks that come before the start or after the end go nowhere", async () => {
  const { session, source, microphone, clock, begun, block } = setup();
  await begun();
  session.stop();
  await clock.pass(50);
  source.answer({ type: "stopped", session: "view-1" });
  const sent = source.sent.length;
  block();
  assert.equal(source.sent.length, sent);
  assert.ok(microphone.closed);
});

// ---- the kernel's source

test("the kernel's source carries messages with their samples, and says when the comm is closed", () => {
  const carried = [];
  const handlers = new Set();
  const model = {
    send: (...given) => carried.push(given),
    on: (name, handler) => handlers.add(handler),
    off: (name, handler) => handlers.delete(handler),
  };
  const source = new KernelSource(model);
  const got = [];
  source.onmessage = (content) => got.push(content.type);
  const pcm = new ArrayBuffer(4);
  assert.equal(source.send({ type: "block" }, pcm), true);
  assert.equal(source.send({ type: "poll" }), true);
  assert.deepEqual(carried, [[{ type: "block" }, undefined, [pcm]], [{ type: "poll" }, undefined, []]]);
  for (const handler of handlers) handler({ type: "heard" }, []);
  assert.deepEqual(got, ["heard"]);
  model.send = () => { throw new Error("Comm is closed"); };
  assert.equal(source.send({ type: "poll" }), false);
  source.close();
  assert.equal(handlers.size, 0);
});
