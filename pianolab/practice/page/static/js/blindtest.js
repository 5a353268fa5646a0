// A small test without looking: registers in an order drawn by chance, each equally often; answers are counted.

import { REGISTERS } from "./pulses.js";

const REPEATS = 2;

/** Each register so often, in an order drawn by chance. */
export function drawn(random, repeats = REPEATS) {
  const order = Array.from({ length: repeats * REGISTERS.length }, (_, i) => i % REGISTERS.length);
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** How probable it is that guessing gets at least so many right. */
export function byGuessing(right, asked, choices = REGISTERS.length) {
  const p = 1 / choices;
  let sum = 0;
  let ways = 1; // asked over k
  for (let k = 0; k <= asked; k++) {
    if (k >= right) sum += ways * p ** k * (1 - p) ** (asked - k);
    ways = ways * (asked - k) / (k + 1);
  }
  return Math.min(1, sum);
}

export class BlindTest {
  constructor(random = Math.random, repeats = REPEATS) {
    this.order = drawn(random, repeats);
    this.answers = [];
  }

  get isOver() {
    return this.answers.length === this.order.length;
  }

  /** The register that is asked now; null at the end. */
  get asked() {
    return this.order[this.answers.length] ?? null;
  }

  /** Take an answer: what it was, and whether it was right. */
  answer(register) {
    const asked = this.asked;
    if (asked === null) throw new Error("the test is over");
    this.answers.push(register);
    return { asked, right: asked === register, near: Math.abs(asked - register) === 1 };
  }

  /** What came out: how many were right, how many only one register off, and what guessing would do. */
  get result() {
    const right = this.answers.filter((answer, i) => answer === this.order[i]).length;
    const near = this.answers.filter((answer, i) => Math.abs(answer - this.order[i]) === 1).length;
    const n = this.answers.length;
    return { n, right, near, felt: n > 0 && byGuessing(right, n) < 0.05 };
  }
}
