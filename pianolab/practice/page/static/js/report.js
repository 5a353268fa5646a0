// The report of a take: each bar as a tile with a shape, and what was said in words.

import { h } from "./dom.js";
import { mount as mountPictures } from "./pictures.js";

const MOST_TAKES = 10;
const KINDS = { "✓": "right", "✗": "wrong", "?": "not-sure", "–": "not-reached" };

/** The shape of a bar: all right, not all right, unsure, or not reached. */
export function shapeOf({ right, of, reached, said = [] }) {
  if (!reached) return "–";
  if (right === of) return "✓";
  return said.length && said.every((line) => line.startsWith("?")) ? "?" : "✗";
}

/** Bars to practise next: the run around the one in which least was right; null if all was right. */
export function weakest(bars) {
  const share = ({ right, of }) => (of ? right / of : 1);
  const reached = bars.filter((bar) => bar.reached && share(bar) < 1);
  if (!reached.length) return null;
  const worst = reached.reduce((least, bar) => (share(bar) < share(least) ? bar : least));
  return { first: Math.max(0, worst.bar_index - 1), last: worst.bar_index };
}

/** How much of a take was right, and in which tempo it was played, in per cent. */
export function percentOf({ share, tempo }) {
  return { right: Math.round(100 * share), tempo: Math.round(100 * tempo) };
}

/**
 * @param {HTMLElement} root
 * @param {function} say
 * @param {{practise: function({first: number, last: number})}} acts
 */
export function mount(root, say, { practise }) {
  const tile = (bar) => {
    const shape = shapeOf(bar);
    const label = `${say("report.bar", { bar: bar.bar, right: bar.right, n: bar.of })} ${say("report.practise_bar")}`;
    const chosen = () => practise({ first: bar.bar_index, last: bar.bar_index });
    return h("li", {}, h("button", { type: "button", class: `tile ${KINDS[shape]}`, "aria-label": label, onclick: chosen },
      h("span", {}, say("bar_short", { bar: bar.bar })), h("b", {}, shape), h("span", {}, `${bar.right}/${bar.of}`)));
  };
  const next = (bars) => {
    const passage = weakest(bars);
    if (!passage) return [];
    const named = (index) => bars.find((bar) => bar.bar_index === index)?.bar ?? String(index + 1);
    const n = passage.last - passage.first + 1;
    const text = say("report.next", { n, first: named(passage.first), last: named(passage.last) });
    return [h("p", {}, h("button", { type: "button", class: "strong", onclick: () => practise(passage) }, text))];
  };
  const progress = (takes = []) => (takes.length > 1 ? [
    h("h3", {}, say("report.progress")),
    h("ol", { class: "takes" }, ...takes.slice(-MOST_TAKES).map((take) => h("li", {}, say("report.take", percentOf(take))))),
  ] : []);
  const place = h("div", { class: "report-pictures" });
  const pictures = mountPictures(place, say);
  return {
    /** Show the report of a take; null shows none. */
    show(report) {
      root.hidden = !report;
      if (!report) return;
      const bars = report.bars.filter((bar) => bar.of > 0);
      const lines = report.lines.map((line) => h("li", { class: line.startsWith(" ") ? "of-bar" : "" }, line.trim()));
      root.replaceChildren(
        h("h2", { tabindex: "-1" }, say("report.heading")),
        h("ul", { class: "tiles" }, ...bars.map(tile)), h("p", { class: "legend" }, say("report.legend")),
        ...next(bars), h("ul", { class: "lines" }, ...lines), place, ...progress(report.progress?.history),
      );
      pictures.show(bars.some((bar) => bar.reached) ? report.pictures : null); // They are as wide as their place.
    },
  };
}
