// What is on its way to the kernel: never too much, nothing out of order, and silence is noticed.

import assert from "node:assert/strict";
import test from "node:test";
import { FLIGHT_S, IN_FLIGHT, LAG_S, LOADING_MS, Link, PATIENCE_MS } from "../link.js";

const SR = 44100;
const N = 1024;

function opened() {
  const clock = { ms: 0 };
  const sent = [];
  const link = new Link((message, pcm) => sent.push({ ...message, samples: pcm ? [...new Int16Array(pcm)] : [] }), () => clock.ms);
  link.open("s", SR);
  let frame = 0;
  const give = (n = N) => {
    const pcm = Int16Array.from({ length: n }, (_, i) => (frame + i) % 30000).buffer;
    const taken = link.block({ frame, pcm, n });
    frame += n;
    return taken;
  };
  const skip = (n) => { frame += n; };
  return { link, sent, clock, give, skip };
}

test("a block goes out at once while few are on their way", () => {
  const { sent, give } = opened();
  give();
  assert.deepEqual(sent.map(({ type, session, frame, sr, seq }) => ({ type, session, frame, sr, seq })), [{ type: "block", session: "s", frame: 0, sr: SR, seq: 0 }]);
  assert.equal(sent[0].samples.length, N);
});

test("no more than four messages travel; what waits goes together when one comes back", () => {
  const { link, sent, give } = opened();
  for (let i = 0; i < IN_FLIGHT + 3; i++) give();
  assert.equal(sent.length, IN_FLIGHT);
  link.acked(0);
  link.post();
  assert.equal(sent.length, IN_FLIGHT + 1);
  assert.equal(sent.at(-1).frame, IN_FLIGHT * N);
  assert.equal(sent.at(-1).samples.length, 3 * N);
});

test("so little sound is on its way that a slow kernel is never far behind", () => {
  const { link, sent, give } = opened();
  for (let i = 0; i < 20; i++) give();
  for (let seq = 0; !link.idle; seq++) {
    assert.ok(link.flying <= FLIGHT_S * SR);
    link.acked(seq); // It takes no time here.
    link.post();
  }
  assert.equal(sent.reduce((sum, { samples }) => sum + samples.length, 0), 20 * N);
  give(Math.round(2 * FLIGHT_S * SR) - 1); // One block may be longer than that: it goes alone.
  assert.equal(link.onTheWay.size, 1);
});

test("all samples come in their order, however they were put together", () => {
  const { link, sent, give } = opened();
  for (let i = 0; i < 18; i++) give();
  for (let seq = 0; !link.idle; seq++) {
    link.acked(seq);
    link.post();
  }
  const samples = sent.flatMap((message) => message.samples);
  assert.deepEqual(samples, Array.from({ length: 18 * N }, (_, i) => i % 30000));
});

test("blocks with a hole between them never go together", () => {
  const { link, sent, give, skip } = opened();
  for (let i = 0; i < IN_FLIGHT; i++) give();
  give();
  skip(500);
  give();
  link.acked(1);
  link.post();
  link.post();
  const [first, second] = sent.slice(IN_FLIGHT);
  assert.equal(second.frame, first.frame + first.samples.length + 500);
});

test("beyond half a second of unanswered sound all that waits is dropped and counted: the newest is worth more", () => {
  const { link, sent, give } = opened();
  const room = Math.floor((LAG_S * SR) / N) - 1; // The oldest that waits needs its own time, too.
  const taken = Array.from({ length: room + 1 }, () => give());
  assert.deepEqual(taken, taken.map((_, i) => i < room));
  assert.equal(link.dropped, room + 1 - IN_FLIGHT);
  assert.equal(link.lost, link.dropped * N);
  assert.ok(link.lost > FLIGHT_S * SR); // The kernel does not fill such a hole, so it has less to do.
  assert.equal(link.frames, (room + 1) * N);
  link.acked(Infinity);
  assert.ok(give());
  assert.equal(sent.at(-1).frame, (room + 1) * N);
});

/** A minute with a kernel that needs `overhead` s for a message and `paceAt(s)` for one second of its sound. */
function minute(paceAt, overhead = 0.01) {
  const { link, sent, clock, give } = opened();
  const queue = []; // what the kernel has before it, and when it will be done
  const lags = []; // seconds from the beginning of each message's sound to its answer
  const behind = []; // how old the newest sound is then
  const holes = [];
  let free = 0;
  let next = 0; // the frame that follows what was sent
  const take = () => {
    for (const { seq, frame, samples } of sent.splice(0)) {
      if (frame > next) holes.push(frame - next);
      next = frame + samples.length;
      free = Math.max(free, clock.ms) + 1000 * (overhead + (paceAt(clock.ms / 1000) * samples.length) / SR);
      queue.push({ seq, frame, done: free });
    }
  };
  for (let end = N; clock.ms < 60_000; end += N) {
    const given = (1000 * end) / SR;
    while (queue.length && queue[0].done <= given) {
      const { seq, frame, done } = queue.shift();
      clock.ms = done;
      lags.push(done / 1000 - frame / SR);
      link.acked(seq);
      behind.push(link.behind);
      link.post();
      take();
    }
    clock.ms = given;
    give();
    take();
  }
  return { worst: Math.max(...lags), oldest: Math.max(...behind), holes, lost: link.lost, heard: 1 - link.lost / link.frames };
}

for (const pace of [1.1, 1.5, 2, 3, 5]) {
  test(`a kernel that is ${pace} times too slow is never more than half a second behind, however long it lasts`, () => {
    const { worst, oldest, holes, lost, heard } = minute(() => pace);
    assert.ok(worst <= LAG_S, `${worst} s`);
    assert.ok(oldest < worst);
    assert.ok(heard > 0.8 / pace, `${heard} of the sound was heard`); // Little of its time is spent in vain.
    assert.ok(holes.every((n) => n > FLIGHT_S * SR)); // The kernel fills none of them with silence.
    const known = holes.reduce((sum, n) => sum + n, 0);
    assert.ok(known <= lost && known > 0.95 * lost); // Each is counted; behind the last one nothing was sent yet.
  });
}

test("a kernel that is fast enough loses nothing, and one that is slow for two seconds in four is not behind either", () => {
  assert.equal(minute(() => 0.9).lost, 0);
  assert.equal(minute(() => 0.1).lost, 0);
  const { worst, lost } = minute((s) => (s % 4 < 2 ? 0.4 : 2.5));
  assert.ok(worst <= LAG_S, `${worst} s`);
  assert.ok(lost > 0);
});

test("a block that a busy page takes late is as old as it is", () => {
  const { link, sent, clock } = opened();
  const late = (frame, lateMs) => link.block({ frame, pcm: new Int16Array(N).buffer, n: N, lateMs });
  clock.ms = 1000;
  late(0, 300);
  assert.equal(sent.length, 1);
  late(N, 480); // Its answer would come too late, but so little is no long hole.
  assert.equal(sent.length, 1);
  for (let i = 2; i < 11; i++) assert.ok(late(i * N, 480 - 23 * i));
  assert.ok(sent.length === 1 && !link.dropped);
  assert.ok(!late(11 * N, 227)); // Now it is.
  assert.equal(link.dropped, 11);
  late(12 * N, 204);
  assert.equal(sent.at(-1).frame, 12 * N);
});

test("at the end what waits is sent, however old: nothing newer waits behind it", () => {
  const { link, sent, clock, give } = opened();
  for (let i = 0; i < IN_FLIGHT + 2; i++) give();
  link.acked(Infinity);
  clock.ms = 2000;
  link.post();
  assert.equal(sent.length, IN_FLIGHT);
  link.finish();
  assert.equal(sent.at(-1).samples.length, 2 * N);
});

test("how old the newest sound is that was heard", () => {
  const { link, clock, give } = opened();
  give();
  clock.ms = 200;
  give();
  assert.equal(link.behind, 0.2);
  clock.ms = 300;
  link.acked(0);
  assert.equal(link.behind, 0.3);
  link.acked(1);
  assert.equal(link.behind, 0.1);
});

test("an answer acknowledges all that was sent before it", () => {
  const { link, give } = opened();
  for (let i = 0; i < 3; i++) give();
  link.acked(1);
  assert.equal(link.flying, N);
  assert.ok(!link.idle);
  link.acked(2);
  assert.ok(link.idle);
});

test("a source of the kernel is asked again only when it has answered", () => {
  const { link, sent } = opened();
  link.poll();
  link.poll();
  assert.equal(sent.length, 1);
  link.acked(0);
  link.poll();
  assert.deepEqual(sent.map(({ type, seq }) => [type, seq]), [["poll", 0], ["poll", 1]]);
});

test("a stream that is not answered is silent within a second and dead within five", () => {
  const { silent, dead } = PATIENCE_MS.stream;
  assert.ok(silent < 1000 && dead < 5000);
  const { link, clock, give } = opened();
  give();
  clock.ms = silent;
  assert.deepEqual(link.silences(), []);
  clock.ms = silent + 1;
  assert.deepEqual(link.silences(), [{ on: "stream", dead: false }]);
  clock.ms = dead + 1;
  assert.deepEqual(link.silences(), [{ on: "stream", dead: true }]);
  link.acked(0);
  assert.deepEqual(link.silences(), []);
});

test("silence is since the last answer, or since the oldest message where there was none", () => {
  const { link, clock, give } = opened();
  give();
  clock.ms = 500;
  give();
  clock.ms = 800;
  assert.equal(link.silences().length, 1);
  link.acked(0); // A slow kernel answers late, but it answers.
  clock.ms = 1350;
  assert.equal(link.silences().length, 0);
  clock.ms = 1450;
  assert.equal(link.silences().length, 1);
});

test("a stream may stand still for longer while another detector is loaded", () => {
  const { link, clock, give } = opened();
  give();
  link.await("choose");
  clock.ms = PATIENCE_MS.stream.dead + 1;
  assert.deepEqual(link.silences(), [{ on: "stream", dead: false }]);
  clock.ms = LOADING_MS + 1;
  assert.deepEqual(link.silences(), [{ on: "stream", dead: true }]);
});

test("hello, start and stop are waited for until they have come", () => {
  const { link, clock } = opened();
  link.await("hello");
  clock.ms = 60_000;
  assert.deepEqual(link.silences(), [{ on: "hello", dead: false }]); // It may be busy for long.
  link.came("hello");
  assert.deepEqual(link.silences(), []);
});

test("when a stream is over nothing of it is waited for", () => {
  const { link, clock, give } = opened();
  for (let i = 0; i < 10; i++) give();
  link.await("stop");
  link.close();
  clock.ms = 60_000;
  assert.ok(link.idle);
  assert.deepEqual(link.silences(), []);
});

test("a new stream begins with message 0 and nothing dropped", () => {
  const { link, sent, give } = opened();
  for (let i = 0; i < 40; i++) give();
  link.open("t", 48000);
  assert.deepEqual([link.dropped, link.flying + link.waiting, link.seq], [0, 0, 0]);
  link.block({ frame: 0, pcm: new Int16Array(8).buffer, n: 8 });
  assert.deepEqual([sent.at(-1).session, sent.at(-1).sr, sent.at(-1).seq], ["t", 48000, 0]);
});
