// A metronome that is seen: a ball goes from count to count, and is largest where one begins. Who wants little motion gets
// filled rings instead. Flashing is a wish of its own, which only flash.js may fulfil.

import { Metronome } from "./beat.js";
import { HEIGHT, WIDTH, ball, rings } from "./bounce.js";
import { h, isCalm, s, write } from "./dom.js";
import { flasher } from "./flash.js";
import { speaker } from "./texts.js";

/**
 * @param {Element} root
 * @param {Object|function} texts
 * @param {{onBeat?: function(Object), onFrame?: function(Object), onEnd?: function(), nameOfBar?: function(number): string,
 *   now?: function(): number, frame?: function}} options `onBeat` is told each count as it begins, `onFrame` each picture, with
 *   the place as `Metronome.at` gives it.
 * @returns {{load: function(Object), start: function(number=), stop: function(), show: function(Object), flash: function(boolean)}}
 */
export function mount(root, texts, options = {}) {
  return new View(root, speaker(texts), options);
}

class View {
  constructor(root, say, options) {
    this.say = say;
    this.onBeat = options.onBeat ?? (() => {});
    this.onFrame = options.onFrame ?? (() => {});
    this.onEnd = options.onEnd ?? (() => {});
    this.nameOfBar = options.nameOfBar ?? ((bar) => String(bar + 1));
    this.now = options.now ?? (() => performance.now());
    this.frame = options.frame ?? ((what) => requestAnimationFrame(what));
    this.ball = s("circle", { class: "metronome-ball" });
    this.svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": say("metronome.picture") });
    this.words = h("p", { class: "metronome-words" });
    this.node = h("div", { class: "metronome", hidden: true }, this.svg, this.words);
    root.replaceChildren(this.node);
  }

  /** Take a passage: what `Metronome` of beat.js takes. */
  load(given) {
    this.stop();
    this.beat = new Metronome(given);
    this.node.hidden = false;
    this.show(this.beat.at(0));
  }

  /** Begin to count; `at` is the moment of `performance.now()` at which the count-in began. */
  start(at = this.now()) {
    this.stop();
    const run = { at, last: "" };
    this.run = run;
    const step = () => {
      if (this.run !== run) return; // It was stopped, or began anew.
      const place = this.beat.at((this.now() - at) / 1000);
      this.show(place);
      this.tell(place, run);
      this.onFrame(place);
      if (place.ended) return this.end();
      this.frame(step);
    };
    step();
  }

  tell(place, run) {
    const here = `${place.countingIn} ${place.rounds} ${place.bar} ${place.count}`;
    if (place.ended || run.last === here) return;
    run.last = here;
    this.onBeat(place);
  }

  end() {
    this.run = null;
    this.onEnd();
  }

  stop() {
    this.run = null;
  }

  get isRunning() {
    return this.run != null;
  }

  /** Draw the place that `Metronome.at` gave. */
  show(place) {
    const counts = place.countingIn ? this.beat.countsIn : this.beat.countsOf(place.bar);
    if (counts !== this.counts) this.draw(counts);
    const calm = isCalm();
    const { x, y, r } = ball(place, counts);
    this.ball.setAttribute("cx", x);
    this.ball.setAttribute("cy", y);
    this.ball.setAttribute("r", r);
    this.node.classList.toggle("calm", calm);
    this.rings.forEach((ring, i) => ring.classList.toggle("now", i === place.count && !place.ended));
    write(this.words, this.inWords(place, counts));
    if (place.flash) flasher().ask();
  }

  inWords({ countingIn, bar, count, ended }, counts) {
    if (ended) return this.say("metronome.ended");
    const values = { count: count + 1, counts, bar: this.nameOfBar(bar) };
    return this.say(countingIn ? "metronome.counting_in" : "metronome.count", values);
  }

  draw(counts) {
    this.counts = counts;
    this.rings = rings(counts).map(({ x, y, r }) => s("circle", { cx: x, cy: y, r, class: "metronome-ring" }));
    const numbers = rings(counts).map(({ x, y, r }, i) => (
      s("text", { x, y: y + 6, class: "metronome-number", "font-size": Math.min(18, 1.2 * r) }, String(i + 1))));
    this.svg.replaceChildren(...this.rings, this.ball, ...numbers);
  }

  /** Whether light may flash at the beats. */
  flash(wished) {
    flasher().allow(wished);
  }
}
