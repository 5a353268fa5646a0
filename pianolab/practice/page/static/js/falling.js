// Notes that fall onto the keys. The hands differ by shape and pattern: the right one is round and full, the left one has
// corners and stripes; the hand that is not played is only an outline. Fingers stand on the notes.

import { h, isCalm } from "./dom.js";
import { barLines, geometry, seen } from "./fallingnotes.js";
import { noteName } from "./names.js";
import { speaker } from "./texts.js";

const GLIDE_MS = 150; // how long a step of the waiting page takes
const STRIPE = 6; // pixels
const FINGER = 15;

/**
 * @param {Element} root
 * @param {Object|function} texts
 * @param {{names?: string, frame?: function, now?: function(): number}} options
 * @returns {{load: function(Object), show: function(Object), use: function(Object)}}
 */
export function mount(root, texts, options = {}) {
  return new Falling(root, speaker(texts), options);
}

class Falling {
  constructor(root, say, { names = "C4", frame = (what) => requestAnimationFrame(what), now = () => performance.now() }) {
    Object.assign(this, { say, names, frame, now });
    this.notes = [];
    this.bars = [];
    this.state = { beat: 0, hands: "both" };
    this.canvas = h("canvas", { class: "falling", role: "img" });
    root.replaceChildren(this.canvas);
    globalThis.addEventListener?.("resize", () => this.draw());
  }

  /** Take a score as `/library/N/score` gives it: `notes` and `bars`. */
  load({ notes, bars }) {
    this.notes = notes;
    this.bars = bars.map((bar) => bar.onset_beats ?? bar);
    this.at = 0;
    this.show({ beat: this.bars[0] ?? 0 });
  }

  /**
   * Show a place of the piece.
   * @param {{beat: number, hands?: string, glide?: boolean}} state `glide` for a page that waits: it moves there softly,
   *   unless the player wants little motion.
   */
  show({ beat, hands = this.state.hands, glide = false }) {
    const from = this.at ?? beat;
    this.state = { beat, hands };
    if (!glide || isCalm() || Math.abs(beat - from) > 8) return this.place(beat);
    const began = this.now();
    const move = () => {
      if (this.state.beat !== beat) return; // It was sent elsewhere.
      const share = Math.min(1, (this.now() - began) / GLIDE_MS);
      this.place(from + (beat - from) * share);
      if (share < 1) this.frame(move);
    };
    move();
  }

  place(beat) {
    this.at = beat;
    this.draw();
    const now = seen(this.notes, { beat, hands: this.state.hands }).filter((note) => note.now && !note.other);
    const keys = now.map((note) => noteName(note.midi, this.names)).join(", ");
    const words = keys ? this.say("falling.now", { keys }) : this.say("falling.none");
    if (this.canvas.getAttribute("aria-label") !== words) this.canvas.setAttribute("aria-label", words);
  }

  draw() {
    const [pen, width, height] = fitted(this.canvas);
    if (!width || !height) return;
    const look = getComputedStyle(this.canvas);
    const colours = { ink: look.color, paper: look.backgroundColor, hand: look.accentColor === "auto" ? look.color : look.accentColor };
    const places = geometry(this.notes.map((note) => note.midi), { width, height });
    this.lines(pen, places, width, colours);
    for (const note of seen(this.notes, { beat: this.at ?? 0, hands: this.state.hands })) {
      drawNote(pen, note, places.box(note, this.at ?? 0), colours);
    }
  }

  lines(pen, places, width, { ink }) {
    pen.strokeStyle = ink;
    const across = (y, thick) => {
      pen.lineWidth = thick;
      pen.beginPath();
      pen.moveTo(0, y);
      pen.lineTo(width, y);
      pen.stroke();
    };
    for (const bar of barLines(this.bars, { beat: this.at ?? 0 })) across(places.y(bar, this.at ?? 0), 0.5);
    across(places.line, 3);
  }

  /** Name keys in another style. */
  use({ names = this.names }) {
    this.names = names;
    this.place(this.at ?? 0);
  }
}

function drawNote(pen, note, { x, y, w, h: tall }, { ink, paper, hand }) {
  const shape = new Path2D();
  shape.roundRect(x, y, w, tall, note.left ? 0 : Math.min(6, w / 2));
  pen.save();
  pen.fillStyle = note.other || note.left ? paper : hand;
  pen.fill(shape);
  if (note.left && !note.other) stripes(pen, shape, { x, y, w, tall }, hand);
  pen.setLineDash(note.other ? [3, 3] : []);
  pen.lineWidth = note.now && !note.other ? 3 : 1.5;
  pen.strokeStyle = ink;
  pen.stroke(shape);
  pen.restore();
  if (note.finger && !note.other) finger(pen, note, { x, y, w, tall }, { ink, paper });
}

function stripes(pen, shape, { x, y, w, tall }, colour) {
  pen.save();
  pen.clip(shape);
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  for (let at = -w; at < tall; at += STRIPE) {
    pen.moveTo(x, y + at + w);
    pen.lineTo(x + w, y + at);
  }
  pen.stroke();
  pen.restore();
}

/** The finger stands on its note, or beside a note that is too narrow for it. */
function finger(pen, note, { x, y, w, tall }, { ink, paper }) {
  const isNarrow = w < FINGER;
  const [cx, cy] = [isNarrow ? x + w + FINGER / 2 : x + w / 2, y + tall - FINGER / 2 - 1];
  if (!isNarrow) {
    pen.beginPath();
    pen.arc(cx, cy, FINGER / 2, 0, 2 * Math.PI);
    pen.fillStyle = paper;
    pen.fill();
  }
  pen.fillStyle = ink;
  pen.font = `bold ${FINGER - 3}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(String(note.finger), cx, cy);
}

/** A canvas as sharp as the screen, cleared: its pen, its width and its height. */
function fitted(canvas) {
  const ratio = globalThis.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return [pen, width, height];
}
