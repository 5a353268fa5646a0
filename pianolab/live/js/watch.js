// What a session does about answers that do not come, and about troubles whose cause is past. Nothing that is shown may be
// old: keys are cleared as soon as an answer is overdue, and soon after the page says why, and lets the microphone go.

import { UNANSWERED } from "./troubles.js";

const SLOW_MS = 5000; // without a dropped block for so long, the kernel is no longer slow
const SEEN_MS = 5000; // so long it stands on a page that was hidden that it was
const REOPENED_MS = 3000; // a kernel that is idle for so long and does not answer knows nothing of this page
const HELLO_MS = 5000; // then it is greeted again so often

/** What a take is called that began then, as pianolab/live/takes.py calls it. */
const takeName = (date) => {
  const two = (number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day}T${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join("-")}`;
};

export class Watch {
  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.cuts = new Map(); // session of a take that was cut off -> its name
    this.idleSince = session.clock.now(); // since when the kernel has had nothing to do, as far as is known
  }

  /** Does the kernel still answer? */
  check() {
    const { session } = this;
    const why = session.source.cause();
    if (why === "restarted") session.lost();
    if (session.state === "lost") return;
    if (why !== "offline") session.better("offline");
    else if (session.state !== "waiting") session.add("offline");
    if (why !== "idle") this.idleSince = session.clock.now();
    for (const { on, dead } of session.link.silences()) {
      if (dead || (on === "stream" && why === "offline")) this.giveUp(on);
      else if (on === "hello") this.waitForHello(why);
      else this.wait();
    }
    this.checkPast();
    session.showNothingOld();
  }

  /** An answer is overdue. */
  wait() {
    this.session.add("silent");
  }

  waitForHello(why) {
    const { session } = this;
    const now = session.clock.now();
    const unknown = session.source.place !== "page" && now - this.idleSince > REOPENED_MS;
    const code = why === "offline" ? "offline" : unknown ? "reopened" : session.placed("busy");
    session.better(...UNANSWERED.filter((other) => other !== code));
    session.add(code);
    if (now - session.greetedAt > HELLO_MS && why !== "busy") session.greet();
  }

  /** Troubles whose cause is past. */
  checkPast() {
    const { session } = this;
    const { troubles } = session;
    const now = session.clock.now();
    if (troubles.has("slow") && now - session.droppedAt > SLOW_MS) session.better("slow");
    if (troubles.has("hidden") && now - this.seenAt > SEEN_MS) session.better("hidden");
    if (troubles.has("held") && !session.holder.session) session.better("held");
  }

  /** The page was hidden, or is seen again. */
  hidden(hidden) {
    this.seenAt = hidden ? Infinity : this.session.clock.now();
    if (hidden && this.session.state === "running") this.session.trouble("hidden");
  }

  giveUp(on) {
    const { session } = this;
    session.link.came(on);
    session.better("silent");
    if (!session.troubles.has("offline")) session.add(session.placed("frozen"));
    if (on === "start") session.refuse();
    session.sendStop({ cut: true });
    if (session.state === "lost" || on === "start") return;
    this.cutOff();
    session.ended(session.from ? "status.source_gave_up" : "status.gave_up");
  }

  /** The take ends here, because no answer comes. If one comes after all, it tells what is left of it. */
  cutOff() {
    const { link, sr, startedAt, heardS, strokes, page } = this.session;
    const name = takeName(startedAt);
    const seconds = Math.max(link.frames / (sr || 1), heardS);
    this.cuts.set(link.session, name);
    page.cutOff({ name, seconds, n_notes: strokes, folder: "", labels: "none", missing_s: 0, cut: true, gone: true });
  }

  /** The kernel may come to a take that was cut off: what is left of it is told. Returns whether it was such an answer. */
  answeredAfterAll({ session: of, type, take }) {
    const name = this.cuts.get(of);
    if (name === undefined) return false;
    this.session.better(...UNANSWERED);
    if (type !== "stopped") return true;
    this.cuts.delete(of);
    if (take) this.session.page.cutOff(take, name);
    return true;
  }
}
