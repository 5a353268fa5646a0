// What was felt, seen: one column for each of the last moments, the newest at the right. A note is a mark at the height of its
// register with the bars of its pulses below; a beat is a triangle. Nothing lights up and goes out, so nothing flashes.

import { s } from "./dom.js";
import { REGISTERS } from "./pulses.js";

export const COLUMNS = 12;
const COLUMN = 34;
const TOP = 8;
const ROW = 16;
const LINE = TOP + ROW * REGISTERS.length + 6;
const SHOWN_MS = 600; // this long is a column
const MIDDLE = 2; // the row of beats
export const SIZE = { width: COLUMNS * COLUMN, height: LINE + 12 };

/**
 * Shapes of what was felt.
 * @param {{what: string, register: number, count?: number, pulses: number[][]}[]} felt The newest last.
 * @returns {{x: number, mark: ?{kind: string, y: number}, bars: {x: number, width: number}[]}[]}
 */
export function columns(felt) {
  const last = felt.slice(-COLUMNS);
  return last.map(({ what, register, count = 0, pulses }, i) => {
    const x = (COLUMNS - last.length + i) * COLUMN;
    const scale = (COLUMN - 4) / SHOWN_MS;
    const isBeat = what === "beat";
    const row = isBeat ? MIDDLE : REGISTERS.length - 1 - register;
    return {
      x,
      mark: { kind: isBeat ? (count ? "beat" : "first") : what, y: TOP + ROW * row },
      bars: pulses.map(([begin, long]) => ({ x: x + 2 + begin * scale, width: Math.max(1.5, long * scale) })),
    };
  });
}

const SHAPES = {
  note: (x, y) => s("circle", { cx: x, cy: y + 6, r: 7, class: "trail-note" }),
  other: (x, y) => s("path", { d: `M${x} ${y - 2}l8 8-8 8-8-8z`, class: "trail-other" }),
  first: (x, y) => s("path", { d: `M${x - 9} ${y + 14}h18l-9-18z`, class: "trail-first" }),
  beat: (x, y) => s("path", { d: `M${x - 6} ${y + 12}h12l-6-12z`, class: "trail-beat" }),
};

/** The drawing; `add` puts what was felt at its right end. */
export class Trail {
  constructor(label) {
    this.felt = [];
    this.node = s("svg", { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, class: "trail", role: "img", "aria-label": label });
  }

  add(felt) {
    this.felt = [...this.felt, felt].slice(-COLUMNS);
    this.node.replaceChildren(...columns(this.felt).flatMap(({ x, mark, bars }) => [
      SHAPES[mark.kind](x + COLUMN / 2, mark.y),
      ...bars.map((bar) => s("rect", { x: bar.x, y: LINE, width: bar.width, height: 8, class: "trail-bar" })),
    ]));
  }
}
