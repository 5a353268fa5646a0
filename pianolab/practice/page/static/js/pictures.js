// The pictures of a report: loudness, tempo, rhythm and pedal, bar by bar. Each has a sentence that says what it shows.

import { HEIGHT, axis, evenness, inWords, loudness, pedal, rhythm } from "./charts.js";
import { h, s } from "./dom.js";
import { speaker } from "./texts.js";

const CHARTS = { loudness, evenness, rhythm, pedal };
const NARROWEST = 300;
const SIGN = 6;

const SHAPES = {
  up: (x, y) => `M${x - SIGN} ${y + SIGN}h${2 * SIGN}l${-SIGN} ${-2 * SIGN}z`,
  down: (x, y) => `M${x - SIGN} ${y - SIGN}h${2 * SIGN}l${-SIGN} ${2 * SIGN}z`,
  early: (x, y) => `M${x + SIGN} ${y - SIGN}v${2 * SIGN}l${-2 * SIGN} ${-SIGN}z`,
  late: (x, y) => `M${x - SIGN} ${y - SIGN}v${2 * SIGN}l${2 * SIGN} ${-SIGN}z`,
  square: (x, y) => `M${x - 5} ${y - 5}h10v10h-10z`,
  round: (x, y) => `M${x - 4} ${y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0`,
  dot: (x, y) => `M${x - 3} ${y}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0`,
};

/**
 * @param {Element} root
 * @param {Object|function} texts
 * @returns {{show: function(?Object)}} `show` takes the numbers of a report's `pictures`; null shows none.
 */
export function mount(root, texts) {
  const say = speaker(texts);
  let shown = null;
  const draw = () => {
    if (!shown?.bars?.length) return root.replaceChildren();
    const width = Math.max(NARROWEST, root.clientWidth || 640);
    const words = inWords(shown, say);
    root.replaceChildren(...Object.keys(CHARTS).filter((kind) => kind !== "pedal" || usesPedal(shown)).map((kind) => (
      h("figure", { class: "picture" },
        h("h3", {}, say(`pictures.${kind}`)),
        drawing(CHARTS[kind](shown, axis(shown, width)), { say, width, words: words[kind], labels: axis(shown, width).labels }),
        h("figcaption", {}, `${words[kind]} ${say(`pictures.${kind}_signs`)}`)))));
  };
  globalThis.addEventListener?.("resize", draw);
  return {
    show(pictures) {
      shown = pictures;
      draw();
    },
  };
}

const usesPedal = ({ pedal: told }) => told.score.length > 0 || told.played.length > 0;

function drawing({ marks, lines, boxes = [], left }, { say, width, words, labels }) {
  const inside = (x) => Math.min(width - 10, Math.max(58, x));
  return s("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": words },
    s("path", { class: "picture-axis", d: `M58 ${HEIGHT - 22}H${width - 10}` }),
    ...lines.map(({ kind = "line", ...at }) => s("line", { ...at, x1: inside(at.x1), x2: inside(at.x2), class: `picture-${kind}` })),
    ...boxes.map(({ kind, ...at }) => s("rect", { ...at, class: `picture-${kind}` })),
    ...marks.map(({ shape, x, y }) => s("path", { d: SHAPES[shape](x, y), class: `picture-mark ${shape}` })),
    ...left.map(({ y, key, text }) => s("text", { x: 52, y: y + 4, class: "picture-left" }, text ?? say(key))),
    ...labels.map(({ x, text }) => s("text", { x, y: HEIGHT - 6, class: "picture-bar" }, text)));
}
