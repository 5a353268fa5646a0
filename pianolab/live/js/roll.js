// The drawing of the piano roll. Notes of the first detector are filled bars, those of the second dashed frames.

import { fitted, h } from "./dom.js";
import { ROLL_S, RollNotes, rollGeometry } from "./rollnotes.js";

const FONT = "12px system-ui, sans-serif";
const CHORD_FONT = "bold 14px system-ui, sans-serif";
const PEDAL_PX = 5; // height of the line that says where the pedal was down
const NAME_PX = 14; // height of a name above its bar
const NAME_WIDE_PX = 24;

export class Roll {
  constructor(context) {
    this.context = context;
    this.notes = new RollNotes();
    this.canvas = h("canvas", { class: "pl-roll", role: "img", "aria-label": () => context.say("roll.picture") });
  }

  /** Draw the seconds before `now`, a time of the stream. */
  draw(now) {
    const { names } = this.context;
    const [pen, width, height] = fitted(this.canvas);
    const ink = this.context.colours();
    const seen = this.notes.seen(now);
    const place = rollGeometry(seen, { now, width, height, chords: this.notes.chords.length > 0 });
    pen.font = FONT;
    pen.textBaseline = "middle";
    this.axes(pen, ink, place, { now, width, height });
    for (const note of seen) this.bar(pen, ink, note, place, now);
    this.chordNames(pen, ink, place, this.notes.named(now, names.style));
    this.pedal(pen, ink, place, now);
  }

  axes(pen, ink, { low, high, left, bottom, x, y }, { now, width, height }) {
    const { say, names } = this.context;
    for (let midi = Math.ceil(low / 12) * 12; midi <= high; midi += 12) {
      pen.fillStyle = ink.line;
      pen.fillRect(left, y(midi), width - left, 1);
      pen.fillStyle = ink.text;
      pen.fillText(names.of(midi), 4, y(midi));
    }
    for (let seconds = 0; seconds <= ROLL_S; seconds += 2) {
      pen.fillStyle = ink.line;
      pen.fillRect(x(now - seconds), 0, 1, bottom);
      pen.fillStyle = ink.text;
      pen.textAlign = seconds === 0 ? "right" : "center";
      const text = seconds === 0 ? say("roll.now") : say("roll.ago", { seconds });
      pen.fillText(text, Math.min(x(now - seconds), width - 4), height - 9);
    }
    pen.textAlign = "left";
  }

  bar(pen, ink, note, { left, row, second, thick, x, y }, now) {
    const from = Math.max(left, x(note.on));
    const width = Math.max(4, x(note.off ?? now) - from);
    const top = y(note.midi) - thick / 2;
    pen.strokeStyle = pen.fillStyle = note.listener ? ink.b : ink.a;
    pen.lineWidth = 2;
    pen.setLineDash(note.listener ? [5, 3] : []);
    if (note.listener) pen.strokeRect(from, top - 3, width, thick + 6); // a frame around the other's bar
    else pen.fillRect(from, top, width, thick);
    pen.setLineDash([]);
    const covered = this.notes.isCovered(note, (thick + NAME_PX) / row, NAME_WIDE_PX / second);
    if (covered || this.notes.hasTwin(note, now)) return;
    pen.fillStyle = ink.text;
    pen.fillText(this.context.names.of(note.midi), Math.min(from + 1, x(now) - 34), top - 9);
  }

  /** As in a score: a line below the notes for as long as the pedal is down, with its sign where it went down. */
  pedal(pen, ink, { left, bottom, x }, now) {
    pen.fillStyle = ink.text;
    pen.font = FONT;
    for (const { down, up } of this.notes.pedalled(now)) {
      const from = Math.max(left, x(down));
      pen.fillRect(from, bottom - PEDAL_PX, Math.max(2, x(up ?? now) - from), PEDAL_PX);
      if (x(down) >= left) pen.fillText(this.context.say("roll.pedal"), from, bottom - PEDAL_PX - 8);
    }
  }

  chordNames(pen, ink, { left, x }, chords) {
    pen.fillStyle = ink.text;
    pen.font = CHORD_FONT;
    let free = left;
    for (const { at, symbol } of chords) {
      if (x(at) < free) continue;
      pen.fillText(symbol, x(at), 10);
      free = x(at) + pen.measureText(symbol).width + 6;
    }
  }
}
