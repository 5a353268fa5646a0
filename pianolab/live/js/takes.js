// After playing: the takes, what was right in them, and labels to correct.

import { h, heldFocus, labelled, table } from "./dom.js";
import { MIDIS, signed } from "./piano.js";
import { counted } from "./verdicts.js";

const SHIFTS_MS = [-100, -10, 10, 100];
const STEPS = [-12, -1, 1, 12]; // keys
const SAME_S = 0.002; // onsets so near are one
const shownName = (name) => name.replace("T", " "); // a date and a time

export class Takes {
  /** @param {function(Object): void} send */
  constructor({ say, names }, send) {
    Object.assign(this, { say, names, send });
    this.list = h("ul", { class: "pl-takes" });
    const region = (key) => ({ role: "region", "aria-label": () => say(key), tabindex: 0 });
    this.report = h("div", { class: "pl-report", "aria-live": "polite", ...region("report.region") });
    this.table = h("div", { class: "pl-scroll", ...region("labels.region") });
    this.editor = h("details", { class: "pl-editor", hidden: true }, h("summary", {}, () => say("labels.correct")), this.table);
    this.rows = new Map();
    this.node = h("section", { class: "pl-after", hidden: true },
      h("h3", {}, () => say("takes.title")), this.list, this.report, this.editor);
  }

  /** A take is new, or known better; see TakeFields in pianolab/live/messages.py. */
  add(take) {
    this.node.hidden = false;
    const row = h("li", {}, h("span", { class: "pl-take-name" }, () => this.described(take)), ...this.buttons(take));
    const old = this.rows.get(take.name);
    const resume = heldFocus(old);
    const player = old?.querySelector("audio");
    if (player) row.append(player);
    if (old) old.replaceWith(row);
    else this.list.prepend(row);
    this.rows.set(take.name, row);
    resume(row);
  }

  described({ name, seconds, n_notes: n, folder, labels, missing_s: missing, cut, gone }) {
    const values = { name: shownName(name), seconds: seconds.toFixed(1), n, folder };
    return [
      this.say(folder ? "takes.kept" : "takes.in_memory", values),
      gone ? "" : this.say(`labels.${labels}`),
      missing ? this.say("takes.missing", { seconds: missing.toFixed(1) }) : "",
      cut ? this.say(gone ? "takes.gone" : "takes.cut") : "",
    ].filter(Boolean).join(" · ");
  }

  buttons({ name, folder, gone }) {
    if (gone) return []; // Nobody is left who could do anything with it.
    const button = (kind, message) => h("button", { type: "button", class: `pl-${kind}`, onclick: () => this.act(message, name) },
      () => this.say(`takes.${kind}`), h("span", { class: "pl-unseen" }, " ", () => this.say("takes.take", { name })));
    const unsaved = folder ? [] : [button("save", { type: "save" }), button("forget", { type: "forget" })];
    return [button("play", { type: "play" }), ...unsaved, button("labels", { type: "label", edit: "show" })];
  }

  act(message, take) {
    if (message.edit === "show") this.editor.open = true;
    this.send({ ...message, take });
  }

  saved(asked, take) {
    const row = this.rows.get(asked);
    this.rows.delete(asked);
    if (row) this.rows.set(take.name, row);
    this.add(take);
  }

  /** @param {Element} otherwise Where the keyboard goes when no take is left. */
  forget(name, otherwise) {
    const resume = heldFocus(this.rows.get(name));
    this.rows.get(name)?.remove();
    this.rows.delete(name);
    this.report.replaceChildren();
    this.editor.hidden = true;
    this.node.hidden = !this.rows.size;
    resume(this.rows.size ? this.list : otherwise);
  }

  /** Play the sound of a take. */
  sound(name, mime, data) {
    const url = URL.createObjectURL(new Blob([data], { type: mime }));
    const player = h("audio", { controls: true, src: url, "aria-label": () => this.say("takes.take", { name }) });
    const row = this.rows.get(name);
    row?.querySelector("audio")?.remove();
    row?.append(player);
    player.play().catch(() => {}); // A browser that plays nothing by itself leaves it to the player.
  }

  /** What was right, and how the detectors did; see Report in pianolab/live/messages.py. */
  show({ take, verdicts, scores, protocol }) {
    this.protocol = protocol;
    const parts = [];
    if (verdicts.length) parts.push(...this.lost(take), h("p", { class: "pl-result" }, () => this.result(verdicts)), this.played(verdicts));
    if (scores.length) parts.push(this.ways(scores));
    this.report.replaceChildren(...parts);
  }

  /** That a part of the sound is not there is said before anything that is said of the rest. */
  lost(take) {
    const seconds = take?.missing_s ?? 0;
    const texts = [
      seconds && (() => this.say("report.lost", { seconds: seconds.toFixed(1) })),
      take?.cut && (() => this.say("report.cut")),
    ];
    return texts.filter(Boolean).map((text) => h("p", { class: "pl-alert pl-lost" }, text));
  }

  result(verdicts) {
    const { extra, ...counts } = counted(verdicts);
    return [this.say("report.result", counts), extra ? this.say("report.extra", { n: extra }) : ""].filter(Boolean).join(" · ");
  }

  /** What the scores mean, in another language. */
  translate(protocol) {
    this.protocol = protocol;
  }

  known(value, text) {
    return value == null ? () => this.say("report.unknown") : text;
  }

  played(verdicts) {
    const { say, names } = this;
    const head = ["verdict", "asked", "heard", "at", "off_beat"].map((name) => () => say(`report.${name}`));
    return table(() => say("report.played"), head, verdicts.map((verdict) => [
      () => say(`verdict.${verdict.what}`),
      this.known(verdict.asked, () => names.of(verdict.asked)),
      this.known(verdict.heard, () => names.of(verdict.heard)),
      () => say("report.seconds", { seconds: verdict.time_s.toFixed(2) }),
      this.known(verdict.off_s, () => say("report.ms", { ms: signed(1000 * verdict.off_s) })),
    ]));
  }

  /** How well each detector did: not what a player looks for first. */
  ways(scores) {
    const protocol = h("p", { class: "pl-small" }, () => this.protocol);
    return h("details", { class: "pl-scores" }, h("summary", {}, () => this.say("scores.title")), this.scored(scores), protocol);
  }

  scored(scores) {
    const { say } = this;
    const shares = ["onset_precision", "onset_recall", "onset_f1", "note_f1"];
    const head = ["detector", "precision", "recall", "onset_f1", "note_f1", "onset_bias"].map((name) => () => say(`scores.${name}`));
    return table(() => say("scores.title"), head, scores.map((score) => [
      score.detector,
      ...shares.map((name) => this.known(score[name], String(score[name]))),
      this.known(score.onset_bias_ms, () => say("report.ms", { ms: signed(score.onset_bias_ms) })),
    ]));
  }

  /** The labels of a take, each with its corrections. */
  labels({ take, notes }) {
    const { say } = this;
    this.add(take);
    this.editor.hidden = false;
    const caption = () => say("labels.caption", { name: shownName(take.name), state: say(`labels.${take.labels}`) });
    const head = ["note", "begins", "lasts", "move"].map((name) => () => say(`labels.${name}`));
    const rows = notes.map((note, index) => [
      () => this.names.of(note.midi), note.onset_s.toFixed(3), (note.offset_s - note.onset_s).toFixed(2),
      this.corrections(take, note, index),
    ]);
    const confirmed = () => this.edit(take, { edit: "confirm" });
    const confirm = h("button", { type: "button", class: "pl-confirm", onclick: confirmed }, () => say("labels.confirm"));
    const resume = heldFocus(this.table);
    this.table.replaceChildren(table(caption, head, rows), this.adding(take), confirm);
    resume(this.table);
    this.follow(notes);
  }

  /** A label that was moved or has another key may stand in another row: the keyboard goes with it. */
  follow(notes) {
    const { table: box, moved } = this;
    this.moved = null;
    if (!moved || !box.contains(box.getRootNode().activeElement)) return;
    const at = notes.findIndex(({ midi, onset_s: onset }) => midi === moved.midi && Math.abs(onset - moved.onset) < SAME_S);
    const row = box.querySelectorAll("tbody>tr")[at];
    row?.querySelectorAll(`.pl-${moved.kind}`)[moved.column]?.focus();
  }

  corrections(take, { midi, onset_s: onset }, index) {
    const which = () => this.say("labels.one", { name: this.names.of(midi), seconds: onset.toFixed(2) });
    const button = (kind, change, text, moved = null) => {
      const changed = () => {
        this.moved = moved && { midi, onset, kind, ...moved };
        this.edit(take, { index, ...change });
      };
      const unseen = h("span", { class: "pl-unseen" }, " ", which);
      return h("button", { type: "button", class: `pl-${kind}`, onclick: changed }, text, unseen);
    };
    const shift = (ms, column) => button("shift", { edit: "shift", seconds: ms / 1000 },
      () => this.say("labels.shift", { ms: signed(ms) }), { onset: Math.max(0, onset + ms / 1000), column });
    const pitch = (keys, column) => button("pitch", { edit: "rename", keys },
      () => this.say("labels.pitch", { n: Math.abs(keys), step: signed(keys) }), { midi: midi + keys, column });
    const remove = button("delete", { edit: "delete" }, () => this.say("labels.delete"));
    return h("span", {}, ...SHIFTS_MS.map(shift), ...STEPS.map(pitch), remove);
  }

  /** A note that was played and stands in no row. */
  adding(take) {
    const key = h("select", { class: "pl-add-key" }, ...MIDIS.map((midi) => h("option", { value: midi }, () => this.names.of(midi))));
    key.value = 60;
    const at = h("input", { class: "pl-add-at", type: "number", min: 0, max: take.seconds, step: 0.01, value: 0 });
    const add = () => this.edit(take, { edit: "add", midi: Number(key.value), seconds: at.valueAsNumber || 0 });
    return h("div", { class: "pl-adding" }, labelled(() => this.say("labels.add_key"), key), labelled(() => this.say("labels.add_at"), at),
      h("button", { type: "button", class: "pl-add", onclick: add }, () => this.say("labels.add")));
  }

  edit(take, change) {
    this.send({ type: "label", take: take.name, ...change });
  }
}
