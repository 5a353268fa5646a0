// The page: puts its parts together, gives them what the kernel answers, and gives the session what the player does.

import { Alerts } from "./alerts.js";
import { Asks } from "./asks.js";
import { Choices } from "./choices.js";
import { Context } from "./context.js";
import { Controls } from "./controls.js";
import { Counts } from "./counts.js";
import { h, reword, uniqueId } from "./dom.js";
import { Languages } from "./languages.js";
import { Learn } from "./learn.js";
import { Listeners } from "./listeners.js";
import { Modes } from "./modes.js";
import { NoteLog } from "./notelog.js";
import { keyHz } from "./piano.js";
import { Pictures } from "./pictures.js";
import { PromptBox } from "./prompt.js";
import { Session } from "./session.js";
import { Settings } from "./settings.js";
import { SetUp } from "./setup.js";
import { Status } from "./status.js";
import { Takes } from "./takes.js";
import { storeLanguage, storedLanguage } from "./texts.js";

const STORAGE = () => localStorage;

export class View {
  /**
   * @param {HTMLElement} el Where the page goes.
   * @param {import("./source.js").Source} source
   * @param {import("./texts.js").Texts} texts
   * @param {function(function, function): import("./capture.js").Capture} microphone
   */
  constructor(el, source, texts, microphone) {
    const stored = storedLanguage(STORAGE, texts);
    texts.use(stored);
    this.texts = texts;
    this.say = texts.say;
    this.context = new Context(texts);
    this.session = new Session(uniqueId(), source, microphone, this);
    this.makeParts();
    el.replaceChildren(this.build());
    this.stateChanged();
    this.status("status.waiting");
    this.onHidden = () => this.session.watch.hidden(document.hidden);
    this.onDevices = () => this.controls.offerDevices();
    document.addEventListener("visibilitychange", this.onHidden);
    navigator.mediaDevices?.addEventListener?.("devicechange", this.onDevices);
    this.session.hello(stored);
  }

  makeParts() {
    const { context, session } = this;
    const send = (message) => session.send(message);
    this.alerts = new Alerts(context);
    this.line = new Status(context);
    this.controls = new Controls(context, () => this.pressed());
    this.asks = new Asks(context, (name) => send({ type: "ask", name }));
    this.modes = new Modes(context, (detector) => this.choices.use(detector));
    this.choices = new Choices(context, (choices) => send({ type: "choose", choices }));
    this.prompt = new PromptBox(context);
    this.learn = new Learn(context, send, () => { if (session.state === "ready") this.pressed(); });
    this.takes = new Takes(context, send);
    this.log = new NoteLog(context);
    this.counts = new Counts(context, session);
    this.pictures = new Pictures(context, session);
    this.listeners = new Listeners(context, { ...this, onStroke: (stroke) => this.struck(stroke) });
    this.settings = new Settings(context, { rename: () => this.rename(), monitor: () => this.monitor() });
    this.languages = new Languages(context, (language) => this.speak(language));
    this.setUp = new SetUp(context, {
      begin: () => this.beginCheck(), done: () => session.stop(), ask: (midi) => this.listeners.ask(midi),
    });
  }

  build() {
    const { say } = this;
    const attributes = { class: "pianolab", "data-lm-suppress-shortcuts": "true", role: "region" };
    this.root = h("div", { ...attributes, lang: () => this.texts.language, "aria-label": () => say("live_view") },
      this.log.flashBox, this.controls.node, this.line.node, this.alerts.node, this.log.spoken,
      this.setUp.node, this.takes.report, this.prompt.node, this.listeners.node,
      h("div", { class: "pl-tools" }, this.asks.node, this.modes.node, this.controls.field, this.languages.node, this.setUp.again),
      this.pictures.node, this.takes.node, this.learn.node, this.settings.node,
      h("details", { class: "pl-how" }, h("summary", {}, () => say("choices")), this.choices.node),
      h("section", { class: "pl-text" }, h("h3", {}, () => say("log.title")), this.log.box, this.counts.node),
      h("p", { class: "pl-small" }, () => say("privacy")));
    this.context.root = this.root;
    return this.root;
  }

  // -- what the player does

  pressed() {
    if (this.session.state === "running") this.session.stop();
    else this.session.start({ ...this.controls.chosen, keep: this.settings.keep.input.checked });
  }

  /** Listen without a take, until middle C was heard. */
  beginCheck() {
    if (this.session.state !== "ready") return;
    this.setUp.begin();
    this.session.start({ ...this.controls.chosen, keep: false });
  }

  /** Speak another language from now on: the page at once, the kernel as soon as it answers. */
  speak(language) {
    storeLanguage(STORAGE, language);
    this.useLanguage(language);
    this.session.send({ type: "language", language });
  }

  useLanguage(language) {
    this.texts.use(language);
    this.languages.show();
    this.rename();
    reword(this.root);
  }

  /** The note names have changed. */
  rename() {
    this.listeners.rename();
    this.prompt.draw();
    this.setUp.show();
    reword(this.log.box);
    for (const part of [this.takes.node, this.takes.report]) reword(part);
    this.pictures.redraw();
  }

  /** The sound of the microphone back, around the note heard if the player wishes. */
  monitor() {
    const note = this.listeners.now[0]?.[0];
    const hz = note ? keyHz(note.midi, this.choices.a4Hz) : null;
    this.session.capture?.monitor(this.settings.back.value, Number(this.settings.volume.value), hz);
  }

  struck(stroke) {
    this.log.signal(this.settings.signals);
    if (this.setUp.runs) this.setUp.struck(stroke.midi, stroke.confidence);
    else this.prompt.strike(stroke);
  }

  // -- what the session tells

  stateChanged() {
    const { session } = this;
    this.root.dataset.state = session.state;
    for (const part of [this.controls, this.asks, this.choices]) part.show(session);
    this.settings.keep.input.disabled = session.state !== "ready";
    if (session.state === "starting") this.clear();
    else if (!session.on) this.rest();
    if (session.state === "running" ? !this.setUp.runs : session.state === "ready" && this.setUp.runs) this.setUp.close();
    if (session.state === "running") {
      this.monitor();
      this.controls.offerDevices();
    }
    this.pictures.redraw();
  }

  /** A new take begins. */
  clear() {
    for (const part of [this.listeners, this.pictures, this.log, this.counts]) part.clear();
    this.prompt.restart();
  }

  /** Nothing sounds any more. */
  rest() {
    this.listeners.rest();
    this.controls.quiet();
  }

  troublesChanged() {
    this.alerts.show(this.session.troubles);
  }

  /** A take ended because no answer came; `name` is the one that it was listed by until more is known of it. */
  cutOff(take, name = take.name) {
    if (!this.setUp.runs) this.takes.saved(name, take);
  }

  status(key, values) {
    this.line.tell(key, values);
  }

  // -- what the kernel answers

  answered(content, buffers) {
    this[`on_${content.type}`]?.(content, buffers);
  }

  on_ready(content) {
    this.settings.offerKeeping(content.keep, content.folder);
    this.modes.offer(content.modes);
    this.choices.offer(content.menu, content.choices);
    this.prompt.ask(content.prompt);
    this.listenWith(content.choices);
    for (const take of content.takes) this.takes.add(take);
    if (content.takes.length) this.setUp.close();
    this.settings.offerStyles(content.names);
    this.languages.offer(content.languages);
    this.translate(content);
    this.status("status.ready", () => ({ how: this.modes.how(content.choices) }));
    if (content.problem) this.line.refuse(content.problem);
    this.controls.offerDevices();
  }

  on_spoken(content) {
    this.takes.translate(content.protocol);
    this.translate(content);
    this.listeners.translate(content.chords);
    if (!this.line.complains) return;
    if (content.problem) this.line.refuse(content.problem);
    else this.status("status.chosen", () => ({ how: this.modes.how(this.choices.accepted) })); // What was refused is past.
  }

  /** All that the kernel words itself, in the language that holds from here on. */
  translate(content) {
    this.controls.offerSources(content.sources);
    this.choices.translate(content.menu);
    this.asks.offer(content.asks);
    this.prompt.translate(content.prompt);
    this.learn.show(content.learning);
    this.useLanguage(content.language);
  }

  on_heard(content, buffers) {
    this.listeners.take(content.events, content.now, content.pedals);
    this.listeners.turnAway(content.away);
    this.pictures.heard(content.seconds, buffers?.[0]);
    this.controls.loudness(content.level_db, content.peak);
    this.setUp.loud(content.peak, content.seconds);
    if (this.settings.back.value === "band") this.monitor();
    if (content.problem) this.line.refuse(content.problem);
    if (content.learning) this.learn.show(content.learning);
    this.counts.heard(content);
  }

  on_chosen(content) {
    this.choices.accept(content.choices);
    this.listeners.take(content.events);
    this.listenWith(content.choices);
    this.status("status.chosen", () => ({ how: this.modes.how(content.choices) }));
  }

  on_asked(content) {
    this.prompt.ask(content.prompt);
    this.takes.report.replaceChildren(); // It was about what was asked before.
  }

  on_learning(content) {
    this.learn.show(content);
  }

  on_refused(content) {
    this.line.refuse(content.text);
    if (content.asked !== "choose") return;
    this.choices.restore();
    this.modes.show(this.listeners.polyphonic);
  }

  on_stopped(content) {
    this.listeners.take(content.events);
    this.counts.stopped(content.counts);
    if (this.setUp.runs) { // What was played for the check is no take.
      this.checked = content.take?.name;
      if (this.checked) this.session.send({ type: "forget", take: this.checked });
      return;
    }
    if (content.take) this.takes.add(content.take);
    this.takes.show(content);
    if (content.take?.labels === "proposed") this.session.send({ type: "label", take: content.take.name, edit: "show" });
  }

  on_saved(content) {
    this.takes.saved(content.asked, content.take);
    this.status("status.saved", { folder: content.take.folder });
  }

  on_forgotten(content) {
    if (content.take === this.checked) return; // The player never saw it.
    this.takes.forget(content.take, this.controls.node);
    this.status("status.forgotten");
  }

  on_labels(content) {
    this.takes.labels(content);
    this.takes.show(content);
  }

  on_audio(content, buffers) {
    this.takes.sound(content.take, content.mime, buffers[0]);
  }

  listenWith(choices) {
    this.listeners.listenWith(choices.map(({ detector }) => detector), (detector) => this.choices.polyphonic(detector));
    this.modes.show(this.listeners.polyphonic);
  }

  /** The page goes away. */
  close() {
    this.session.close();
    this.log.silence();
    this.learn.close();
    this.pictures.close();
    document.removeEventListener("visibilitychange", this.onHidden);
    navigator.mediaDevices?.removeEventListener?.("devicechange", this.onDevices);
  }
}
