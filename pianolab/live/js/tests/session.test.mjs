// From Start to Stop with a kernel, a microphone and a clock that are not real: what a session does when all is well, and
// what it says and lets go of when something fails.

import assert from "node:assert/strict";
import test from "node:test";
import { PATIENCE_MS } from "../link.js";
import { KernelSource } from "../source.js";
import { Trouble } from "../troubles.js";
import { Holder } from "../holder.js";
import { SR, settle, setup } from "./fakes.mjs";

const { silent: SILENT_MS, dead: DEAD_MS } = PATIENCE_MS.stream;

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
  assert.deepEqual(told.status.at(-1), { key: "status.listening_to", microphone: "Desk", processing: "" });
  block();
  block();
  const stopped = session.stop();
  assert.equal(session.state, "stopping");
  await settle();
  assert.equal(source.of("stop").length, 0); // The answers to the last blocks are waited for.
  heard();
  await clock.pass(50);
  assert.equal(told.rests, 1); // What is lit goes out with the microphone, not with the verdict.
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

test("answers stop: within a second the keys are cleared and it is said, and it is past with the next answer", async () => {
  const { clock, begun, block, heard, codes, told } = setup();
  await begun();
  block();
  await clock.pass(SILENT_MS - 100);
  assert.deepEqual([codes(), told.rests], [[], 0]);
  await clock.pass(300);
  assert.deepEqual([codes(), told.rests], [["silent"], 1]);
  assert.ok(clock.ms < 1000);
  heard();
  assert.deepEqual(codes(), []);
});

test("nothing is lit by an answer to sound that is more than half a second old, until newer sound is heard", async () => {
  const { clock, begun, block, heard, told } = setup();
  await begun();
  block();
  await clock.pass(250);
  block();
  await clock.pass(400); // A kernel may stand still for a moment.
  assert.equal(told.rests, 1);
  heard({ seq: 0 });
  assert.equal(told.rests, 2); // It is told, for the list, but what it lit goes out.
  assert.equal(told.answers.at(-1), "heard");
  heard();
  assert.equal(told.rests, 2); // That sound is 0.4 s old.
  await clock.pass(100);
  assert.equal(told.rests, 2);
  await clock.pass(200);
  assert.equal(told.rests, 3);
});

test("a kernel that is busy from the beginning is waited for without end", async () => {
  const { session, clock, codes, ready } = setup();
  await clock.pass(60_000);
  assert.deepEqual(codes(), ["busy"]);
  assert.equal(session.state, "waiting");
  ready();
  assert.deepEqual(codes(), []);
  assert.equal(session.state, "ready");
});

test("a view that was saved, and whose kernel has nothing to do, says so and greets it again now and then", async () => {
  const { source, clock, codes, ready, session } = setup();
  source.why = "idle";
  await clock.pass(12_500);
  assert.deepEqual(codes(), ["reopened"]);
  assert.equal(source.of("hello").length, 3);
  ready();
  ready();
  assert.deepEqual([codes(), session.state], [[], "ready"]);
});

test("on a page without cells an answer that is late is waited for, and the remedy is to reload it", async () => {
  const { source, clock, codes } = setup();
  Object.assign(source, { place: "page", why: "idle" });
  await clock.pass(10_000);
  assert.deepEqual(codes(), ["busy_page"]);
});

for (const [place, code] of [["lab", "frozen"], ["page", "frozen_page"]]) {
  test(`answers stop for five seconds (${place}): the cause is named, the microphone is off, the take is listed as cut off`, async () => {
    const { session, source, microphone, clock, begun, block, heard, codes, told } = setup();
    source.place = place;
    await begun();
    for (let i = 0; i < 3; i++) block();
    heard({ seconds: 0.07, events: [{ kind: "on", listener: 0 }, { kind: "on", listener: 1 }, { kind: "off", listener: 0 }] });
    block();
    await clock.pass(DEAD_MS + 200);
    assert.ok(clock.ms < 5000);
    assert.deepEqual(codes(), [code]);
    assert.ok(microphone.closed);
    assert.equal(session.state, "ready");
    assert.equal(told.status.at(-1).key, "status.gave_up");
    const [cut] = told.cuts;
    assert.deepEqual([cut.cut, cut.gone, cut.n_notes, cut.seconds.toFixed(3)], [true, true, 1, ((4 * 1024) / SR).toFixed(3)]);
    assert.deepEqual(source.of("stop"), [{ type: "stop", session: "view-1", frames: 4096, dropped: 0, cut: true }]);
    await clock.pass(5000);
    assert.deepEqual(codes(), [code]);
  });
}

test("a kernel that comes back to a take that was cut off lights nothing, and what is left of the take is listed", async () => {
  const { session, source, clock, begun, block, heard, codes, told } = setup();
  await begun();
  block();
  await clock.pass(DEAD_MS + 200);
  const { length } = told.answers;
  heard({ events: [{ kind: "on", listener: 0 }] });
  assert.deepEqual(codes(), []); // The cause is past.
  assert.equal(told.answers.length, length);
  source.answer({ type: "stopped", session: "view-1", take: { name: "2026", cut: true } });
  assert.deepEqual([told.cuts[1].name, told.cuts[1].former], ["2026", told.cuts[0].name]);
  assert.equal(session.state, "ready");
});

test("so it is, too, when the next take runs already", async () => {
  const { session, source, clock, begun, block, told } = setup();
  await begun();
  block();
  await clock.pass(DEAD_MS + 200);
  await begun();
  source.answer({ type: "stopped", session: "view-1", take: { name: "2026", cut: true } });
  assert.equal(told.cuts.length, 2);
  assert.deepEqual([session.state, session.link.session], ["running", "view-2"]);
});

test("a connection that is gone is named as such, and back again it is past", async () => {
  const { session, source, microphone, clock, begun, block, codes } = setup();
  await begun();
  source.why = "offline";
  block();
  await clock.pass(SILENT_MS + 200);
  assert.deepEqual(codes(), ["offline"]);
  assert.ok(microphone.closed);
  source.why = "";
  await clock.pass(200);
  assert.deepEqual([codes(), session.state], [[], "ready"]);
});

test("a kernel that was restarted is noticed at once, also while nothing runs", async () => {
  const running = setup();
  await running.begun();
  running.source.why = "restarted";
  await running.clock.pass(200);
  assert.deepEqual([running.codes(), running.session.state], [["restarted"], "lost"]);
  assert.ok(running.microphone.closed);
  assert.equal(running.told.cuts.length, 1);

  const idle = setup();
  idle.ready();
  Object.assign(idle.source, { place: "page", why: "restarted" });
  await idle.clock.pass(200);
  assert.deepEqual([idle.codes(), idle.session.state, idle.told.cuts], [["restarted_page"], "lost", []]);
});

test("a Start that nobody answers ends within ten seconds, a Stop after half a minute", async () => {
  const starting = setup();
  starting.ready();
  const start = starting.session.start({});
  await settle();
  await starting.clock.pass(PATIENCE_MS.start.dead + 500);
  await start;
  assert.equal(starting.session.state, "ready");
  assert.ok(starting.microphone.closed);
  assert.deepEqual(starting.codes(), ["frozen"]);
  assert.deepEqual(starting.told.cuts, []);

  const stopping = setup();
  await stopping.begun();
  stopping.session.stop();
  await stopping.clock.pass(PATIENCE_MS.stop.dead + 2500);
  assert.equal(stopping.session.state, "ready");
  assert.deepEqual(stopping.codes(), ["frozen"]);
  assert.equal(stopping.told.cuts.length, 1);
});

test("five seconds of zeros are an alert, and it ends with the first sound or with the microphone", async () => {
  const { clock, begun, block, heard, codes, session, source } = setup();
  await begun();
  const zeros = (seconds) => { for (let n = 0; n < seconds * SR; n += 1024) { block(1024, 0); heard(); } };
  zeros(4.8);
  assert.deepEqual(codes(), []);
  zeros(0.3);
  assert.deepEqual(codes(), ["zeros"]);
  block();
  assert.deepEqual(codes(), []);
  zeros(5.1);
  assert.deepEqual(codes(), ["zeros"]);
  session.stop();
  heard();
  await clock.pass(100);
  source.answer({ type: "stopped", session: "view-1" });
  assert.deepEqual(codes(), []);
});

test("of two keyboards on a page the second says that the first holds the microphone, until it is free", async () => {
  const holder = new Holder();
  const first = setup({ holder });
  const second = setup({ holder });
  await first.begun();
  second.ready();
  await second.session.start({});
  assert.deepEqual([second.codes(), second.session.state, second.microphone.opened], [["held"], "ready", []]);
  first.session.stop();
  await first.clock.pass(100);
  first.source.answer({ type: "stopped", session: "view-1" });
  await second.clock.pass(200);
  assert.deepEqual(second.codes(), []);
  await second.begun();
  assert.equal(second.session.state, "running");
});

test("that a page was hidden stands there for a while after it is seen again", async () => {
  const { session, clock, begun, block, heard, codes } = setup();
  await begun();
  session.watch.hidden(true);
  const pass = async (ms) => { for (let i = 0; i < ms; i += 500) { block(); heard(); await clock.pass(500); } };
  await pass(8000);
  assert.deepEqual(codes(), ["hidden"]);
  session.watch.hidden(false);
  await pass(4500);
  assert.deepEqual(codes(), ["hidden"]);
  await pass(1000);
  assert.deepEqual(codes(), []);
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

test("a slow kernel: sound is dropped, the player is told how much with the next answer, and no more five seconds after", async () => {
  const { session, clock, begun, block, heard, codes } = setup();
  await begun();
  for (let i = 0; i < 22; i++) block();
  assert.deepEqual(codes(), []); // As long as no answer comes at all, that is what is said.
  heard();
  assert.deepEqual(codes(), ["slow"]);
  const said = session.troubles.now.get("slow")((key, values) => `${key} ${values.n} ${values.seconds}`);
  assert.equal(said, "trouble.slow.more 17 0.4");
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
