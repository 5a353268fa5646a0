// The page to try what is felt: each register, the beat, and a small test without looking.

import { mount as mountFelt } from "./felt.js";
import { BlindTest } from "./blindtest.js";
import { h, isCalm, labelled, write } from "./dom.js";
import { noteName } from "./names.js";
import { REGISTERS, keysOf } from "./pulses.js";
import { mount as mountMetronome } from "./metronome.js";
import { speaker } from "./texts.js";

const BEATS_A_MINUTE = 60;

const { language, texts } = JSON.parse(document.getElementById("said").textContent);
const say = speaker(texts);
const at = (id) => document.getElementById(id);
const names = language === "ko" ? "도" : "C4";

const nameOf = (register) => {
  const [low, high] = keysOf(register).map((midi) => noteName(midi, names));
  return say(`tryout.register.${register}`, { low, high });
};

for (const place of document.querySelectorAll("[data-text]")) write(place, say(place.dataset.text));
document.title = say("tryout.title");
at("back").href = `/${location.search}`;
const felt = mountFelt(at("felt"), texts, { note: (told) => write(at("felt-words"), inWords(told)) });

function inWords({ what, register, count, pulses }) {
  if (what === "beat") return say(count ? "tryout.felt_beat" : "tryout.felt_first");
  return say("tryout.felt_note", { register: nameOf(register), n: pulses.length });
}

function registers() {
  at("registers").replaceChildren(...REGISTERS.map((_, register) => (
    h("button", { type: "button", onclick: () => felt.feeler.feel(register) }, nameOf(register)))).reverse());
}

function beats() {
  let running = false;
  const stopped = () => {
    running = false;
    write(at("beat"), say("tryout.beat"));
    felt.stop();
  };
  const metronome = mountMetronome(at("metronome"), texts, {
    onBeat: (place) => felt.feeler.beat(place, { tried: true }),
    onEnd: stopped,
  });
  at("beat").addEventListener("click", () => {
    if (running) {
      metronome.stop();
      return stopped();
    }
    running = true;
    write(at("beat"), say("tryout.beat_stop"));
    metronome.load({ bars: [0, 4, 8, 12], end: 16, beatsAMinute: BEATS_A_MINUTE });
    metronome.start();
  });
  const flash = h("input", { type: "checkbox", disabled: isCalm(), onchange: (event) => metronome.flash(event.target.checked) });
  at("test-start").addEventListener("click", () => { // A beat in between would mislead.
    metronome.stop();
    stopped();
  });
  at("flash").append(labelled(say(isCalm() ? "metronome.flash_calm" : "metronome.flash"), flash));
}

/** The test: nothing that is seen may tell the register, so the trail shows it only after the answer. */
class Blind {
  constructor() {
    at("test-start").addEventListener("click", () => this.begin());
  }

  begin() {
    this.test = new BlindTest();
    at("test-again").hidden = false;
    at("test-again").onclick = () => this.play();
    at("test-answers").replaceChildren(...REGISTERS.map((_, register) => (
      h("button", { type: "button", onclick: () => this.answer(register) }, nameOf(register)))).reverse());
    this.play();
  }

  play() {
    if (this.test.isOver) return;
    const { feeler } = felt;
    const seen = feeler.onFelt;
    feeler.onFelt = (told) => { this.told = told; };
    feeler.feel(this.test.asked);
    feeler.onFelt = seen;
    write(at("test-now"), say("tryout.test_now", { n: this.test.answers.length + 1, of: this.test.order.length }));
  }

  answer(register) {
    const { asked, right } = this.test.answer(register);
    felt.show(this.told);
    write(at("test-said"), say(right ? "tryout.test_right" : "tryout.test_wrong", { register: nameOf(asked) }));
    if (this.test.isOver) this.end();
    else this.play();
  }

  end() {
    const { n, right, near, felt: isFelt } = this.test.result;
    at("test-answers").replaceChildren();
    at("test-again").hidden = true;
    write(at("test-now"), say("tryout.test_over", { right, of: n, near }));
    write(at("test-said"), say(isFelt ? "tryout.test_felt" : "tryout.test_guessed"));
    at("test-start").focus();
  }
}

registers();
beats();
new Blind();
