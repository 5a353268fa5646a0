// What is looked at while one plays: score, keys, falling notes, metronome, and the words beside them.

import { mount as mountFalling } from "./falling.js";
import { mount as mountFelt } from "./felt.js";
import { mount as mountKeys } from "./keys.js";
import { mount as mountMetronome } from "./metronome.js";
import { at } from "./nodes.js";
import { Marks } from "./notemarks.js";
import { Passing } from "./passing.js";
import { mount as mountSays } from "./says.js";
import { mount as mountScore } from "./score.js";
import { dueInWords, heardInWords, kindOf } from "./words.js";

const SHOWN = ["chosen", "begun", "heard", "shown", "position", "verdict", "command"]; // Each has a method of its name.

export class Stage {
  /**
   * @param {function} say
   * @param {object} choice As of choice.js.
   * @param {string} tryout The address of the page on which one tries what is felt.
   */
  constructor(say, choice, tryout) {
    Object.assign(this, { say, choice, marks: new Marks(), piece: null });
    this.score = mountScore(at("score"), say);
    this.keys = mountKeys(at("keys"), say, { names: choice.names });
    this.falling = mountFalling(at("falling"), say, { names: choice.names });
    this.says = mountSays(at("words"));
    this.metronome = mountMetronome(at("metronome"), say, {
      nameOfBar: (bar) => this.piece.nameOf(bar), onBeat: (place) => this.felt.beat(place), onFrame: (place) => this.pass(place),
    });
    this.felt = mountFelt(at("felt"), say, { tryout });
  }

  open(piece, svgs) {
    this.piece = piece;
    this.score.open(piece, svgs);
    this.keys.range(piece.notes.map((note) => note.midi));
    this.falling.load(piece);
    this.preview();
  }

  /** What is shown before one plays: where the hands lie at the beginning of the passage. */
  preview() {
    const { choice, piece } = this;
    if (!piece) return;
    this.marks.clear();
    this.before = null;
    this.isBegun = false; // What is shown before a take is not felt.
    this.score.choose({ first: choice.first, last: choice.last });
    const [begin] = piece.inside(choice.first, choice.last, choice.hands);
    const beat = begin?.onset_beats ?? 0;
    const [due, beside] = [[], []];
    for (const note of piece.at(beat)) (choice.hands === "both" || note.hand === choice.hands ? due : beside).push(note);
    this.marks.preview({ due: due.map(({ element }) => element), beside: beside.map(({ element }) => element) });
    this.score.mark(this.marks.list());
    this.look({ due: due.map(({ midi }) => midi), beside: beside.map(({ midi }) => midi) }, beat);
  }

  /** What is shown and how it is called may have changed. */
  use() {
    const { names, score, keys, falling, flash } = this.choice;
    this.metronome.flash(flash);
    at("score").hidden = at("score-hint").hidden = !score;
    at("keys").hidden = !keys;
    at("falling").hidden = !falling;
    this.keys.use({ names });
    this.falling.use({ names });
    this.falling.draw();
    this.score.draw();
  }

  /** A take begins. */
  begin() {
    this.marks.clear();
    this.says.clear();
    this.before = null;
    at("metronome").hidden = true;
  }

  end() {
    this.isBegun = false;
    this.metronome.stop();
    this.felt.stop();
    at("metronome").hidden = true;
    this.says.next("");
  }

  told(message) {
    if (SHOWN.includes(message.type)) this[message.type](message);
  }

  chosen(told) {
    this.count = told;
    this.score.choose({ first: told.first_bar, last: told.last_bar });
  }

  begun(told) {
    this.begin();
    this.isBegun = true;
    if (told.mode === "wait") return;
    this.says.next(this.say(`play.${told.mode}`));
    if (told.mode !== "beat") return;
    const { piece, count } = this;
    at("metronome").hidden = false;
    const notes = piece.inside(count.first_bar, count.last_bar);
    this.passing = new Passing(notes, count.hands, piece.bars[count.first_bar].onset_beats);
    this.metronome.load({
      bars: piece.bars.map((bar) => bar.onset_beats), end: piece.beats,
      beatsAMinute: count.beats_a_minute, tempo: told.tempo, beat: count.count,
      firstBar: count.first_bar, lastBar: count.last_bar, loop: count.loop,
    });
    this.metronome.start();
  }

  /** The beat goes on: notes fall with it, and those that come due are felt. */
  pass({ beat, countingIn, ended }) {
    this.falling.show({ beat, hands: this.count.hands });
    if (countingIn || ended) return;
    const { own, other } = this.passing.passed(beat);
    this.felt.strike(own);
    this.felt.strike(other, { other: true });
  }

  shown(told) {
    const { piece, choice, say } = this;
    this.says.heard(heardInWords(say, told, choice.names, this.before));
    const due = piece.at(told.beat, told.due);
    this.says.next(told.ended ? "" : say("play_now", { due: dueInWords(say, due, choice.names) }));
    if (this.isBegun && !told.ended && (this.before?.step !== told.step || this.before?.rounds !== told.rounds)) {
      this.felt.strike(told.due);
      this.felt.strike(told.beside, { other: true });
    }
    this.before = told;
    this.marks.shown(told, piece);
    this.score.mark(this.marks.list());
    this.look(told, told.beat);
  }

  heard({ events }) {
    const struck = events.filter(({ kind }) => kind === "on").map(({ midi }) => midi);
    this.felt.strike(struck, { as: "heard" });
  }

  /** Keys and falling notes of a moment. */
  look(told, beat) {
    const fingers = Object.fromEntries(this.piece.at(beat).filter((note) => note.finger).map((note) => [note.midi, note.finger]));
    this.keys.show({ ...told, fingers });
    if (!this.metronome.isRunning) this.falling.show({ beat, hands: this.choice.hands, glide: true });
  }

  position(told) {
    if (told.lost) this.says.heard({ kind: "not-sure", text: this.say("lost") });
    this.marks.position(told);
    this.score.mark(this.marks.list());
    const notes = told.elements.map((element) => this.piece.byElement.get(element)).filter(Boolean);
    this.look({ due: notes.map((note) => note.midi), wrong: this.amiss ?? [] }, told.beat);
    this.amiss = [];
  }

  verdict(told) {
    this.marks.verdict(told);
    this.score.mark(this.marks.list());
    if (told.heard !== null && told.asked !== null && kindOf(told.what) === "wrong" && told.heard !== told.asked) {
      this.amiss = [{ midi: told.heard, asked: told.asked, semitones: told.asked - told.heard }];
    }
    if (told.what !== "right") this.says.heard({ kind: kindOf(told.what), text: this.say("in_bar", { bar: told.bar, said: told.said }) });
  }

  command({ what }) {
    this.says.heard({ kind: "", text: this.say(`command.${what}`) });
  }
}
