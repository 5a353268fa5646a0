// The notation: its pages, the marks on its notes, and the passage that is practised. Each mark is a shape with a place;
// its colour only repeats what the shape says.

import { h } from "./dom.js";
import { drawn } from "./nodes.js";
import { lines } from "./passage.js";

const GAP = 2; // Pixels around a note head.
const ORDER = ["◇", "✓", "◂", "▸", "+", "?", "✗✓", "○", "▼", "✗"]; // What says more stands later.

/**
 * @param {HTMLElement} root Where the score stands; it scrolls by itself.
 * @param {function} say
 */
export function mount(root, say) {
  const pages = h("div", { class: "pages" });
  const layer = h("div", { class: "marks", "aria-hidden": "true" });
  root.replaceChildren(pages, layer);
  return new Score(root, pages, layer, say);
}

class Score {
  constructor(root, pages, layer, say) {
    Object.assign(this, { root, pages, layer, say, marks: [], passage: null, piece: null });
    this.forget();
    new ResizeObserver(() => {
      this.forget();
      this.draw();
    }).observe(pages);
  }

  /** Show another piece. */
  open(piece, svgs) {
    this.piece = piece;
    this.marks = [];
    this.places = new Map();
    this.forget();
    this.pages.replaceChildren(...svgs.map((text, i) => {
      const page = drawn(text);
      page.setAttribute("role", "img");
      page.setAttribute("aria-label", this.say("score_page", { title: piece.title, n: i + 1 }));
      return page;
    }));
    for (const node of this.pages.querySelectorAll("[data-id]")) this.places.set(node.dataset.id, node);
    this.root.scrollTop = 0;
  }

  /** The pages may have another size now: where things stand is looked up anew, which is too slow for each mark that comes. */
  forget() {
    this.known = new Map();
    this.tempos = null;
  }

  /** A box in the score's own pixels, which scrolling does not change. */
  box(node) {
    const frame = this.pages.getBoundingClientRect();
    const { left, right, top, bottom } = node.getBoundingClientRect();
    return { left: left - frame.left, right: right - frame.left, top: top - frame.top, bottom: bottom - frame.top };
  }

  /** Where the head of a note stands; null if it stands nowhere. */
  head(element) {
    const note = this.places.get(element);
    return note ? this.box(note.querySelector("[data-class=notehead]") ?? note) : null;
  }

  /** Boxes of all bars on the page, in the order of playing, each element once. */
  bars() {
    const known = new Set(this.piece.elementOfBar);
    const there = [...known].filter((element) => this.places.has(element));
    return there.map((element) => ({ element, ...this.barBox(this.places.get(element)) }));
  }

  /** The box of a staff in a bar, from its first line to its fifth; null where it has none. */
  staffBox(staff) {
    const lined = [...(staff?.children ?? [])].filter((node) => node.localName === "path").map((node) => this.box(node));
    return lined.length < 5 ? null : { ...lined[0], bottom: lined[4].bottom };
  }

  /** The box around the staves of a bar. */
  barBox(bar) {
    const staves = [...bar.querySelectorAll(":scope > [data-class=staff]")].map((staff) => this.staffBox(staff)).filter(Boolean);
    const boxes = staves.length ? staves : [this.box(bar)];
    const [left, top] = ["left", "top"].map((side) => Math.min(...boxes.map((box) => box[side])));
    const [right, bottom] = ["right", "bottom"].map((side) => Math.max(...boxes.map((box) => box[side])));
    return { left, right, top, bottom };
  }

  /** Marks of notes: [element, kind, shape]; kinds are classes of the style sheet. */
  mark(marks) {
    this.marks = marks;
    this.draw();
    this.follow();
  }

  /** The passage that is practised: indexes of bars. */
  choose(passage) {
    this.passage = passage;
    this.draw();
  }

  draw() {
    if (!this.piece) return;
    const heads = this.marks.map(([element, kind, shape]) => ({ kind, shape, ...this.place(element) })).filter(({ head }) => head);
    this.layer.replaceChildren(...this.passageBoxes(), ...this.bands(heads), ...heads.map((one) => this.ring(one)), ...this.signs(heads));
  }

  /** Where a note stands: its head, its staff, and the hand that plays it. */
  place(element) {
    if (!this.known.has(element)) this.known.set(element, this.lookedUp(element));
    return this.known.get(element);
  }

  lookedUp(element) {
    const note = this.places.get(element);
    if (!note) return {};
    const head = this.head(element);
    const staff = this.staffBox(note.closest("[data-class=staff]")) ?? head;
    return { element, head, staff, hand: this.piece.byElement.get(element)?.hand ?? "right" };
  }

  passageBoxes() {
    const { passage, piece } = this;
    if (!passage || (passage.first === 0 && passage.last === piece.bars.length - 1)) return [];
    const chosen = new Set(piece.elementOfBar.slice(passage.first, passage.last + 1));
    const joined = lines(this.bars().filter(({ element }) => chosen.has(element)));
    return joined.map((box, i) => {
      const ends = `${i === 0 ? " first" : ""}${i === joined.length - 1 ? " last" : ""}`;
      return this.placed(box, `passage${ends}`);
    });
  }

  /** A band over the staves where one is now. */
  bands(heads) {
    const now = heads.find(({ kind }) => kind === "now");
    const bar = now && this.places.get(now.element).closest("[data-class=measure]");
    if (!bar) return [];
    const { left, right } = now.head;
    return [this.placed({ ...this.barBox(bar), left: left - 2 * GAP, right: right + 2 * GAP }, "band")];
  }

  ring({ kind, head }) {
    const near = { left: head.left - GAP, right: head.right + GAP, top: head.top - GAP, bottom: head.bottom + GAP };
    return this.placed(near, `mark ${kind.replace(" ", "-")}`);
  }

  /** The shapes: above the staff of the right hand and below that of the left one; of a chord the one that says most. */
  signs(heads) {
    const columns = new Map();
    this.tempos ??= [...this.pages.querySelectorAll("[data-class=tempo]")].map((node) => this.box(node));
    for (const one of heads) {
      const { head, staff, hand } = one;
      const tall = Math.max(16, staff.bottom - staff.top);
      const y = hand === "left" ? Math.max(staff.bottom + 0.6 * tall, head.bottom + 12) : Math.min(staff.top - 0.9 * tall, head.top - 12);
      const column = `${hand} ${Math.round(head.left / 8)} ${Math.round(staff.top)}`;
      const weight = ORDER.indexOf(one.shape);
      if (!columns.has(column) || columns.get(column).weight < weight) columns.set(column, { ...one, y, weight });
    }
    return [...columns.values()].map(({ kind, shape, head, staff, y: place }) => {
      const over = this.tempos.find((box) => box.top < place && place < box.bottom && box.left < head.right && head.left < box.right);
      const y = over ? place - 0.5 * (staff.bottom - staff.top) : place; // A tempo stays readable.
      const amiss = kind === "now" && shape === "✗" ? " wrong" : "";
      const sign = h("b", { class: `${kind.replace(" ", "-")}${amiss}` }, shape);
      Object.assign(sign.style, { left: `${(head.left + head.right) / 2}px`, top: `${y}px` });
      return sign;
    });
  }

  placed({ left, right, top, bottom }, className) {
    const node = h("div", { class: className });
    const size = { left, top, width: right - left, height: bottom - top };
    for (const [name, value] of Object.entries(size)) node.style[name] = `${value}px`;
    return node;
  }

  /** Scroll so that what is due can be read, with its signs. */
  follow() {
    const now = this.marks.find(([, kind]) => kind === "now");
    const bar = now && this.places.get(now[0])?.closest("[data-class=measure]");
    if (!bar) return;
    const { top, bottom, left } = this.barBox(bar);
    const { scrollTop, clientHeight } = this.root;
    const margin = Math.max(45, 0.4 * (bottom - top)); // Signs stand above and below the staves.
    if (top - margin < scrollTop || bottom + margin / 2 > scrollTop + clientHeight) this.root.scrollTop = top - margin;
    if (this.root.scrollWidth > this.root.clientWidth + 1) this.root.scrollLeft = left - this.root.clientWidth / 4;
  }
}
