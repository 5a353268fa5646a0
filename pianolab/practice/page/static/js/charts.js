// The pictures of a take without their drawing: where each mark lies. What comes in are the numbers of
// pianolab.practice.pictures; marks differ by their shape, and what each picture shows can be said in a sentence.

const LEFT = 58;
const RIGHT = 10;
const TOP = 10;
export const PLOT = 96;
export const HEIGHT = TOP + PLOT + 24;
const SHAPES = { right: "up", left: "down", unknown: "round" };
const SAID = { early: "early", late: "late" };
const FARTHEST = [0.4, 2]; // shares of the middle tempo; what is slower or faster stands at the edge
const LEAST_MS = 60; // so much is seen to both sides, so that a steady player's small deviations look small
const ROW = { score: TOP + 14, played: TOP + 58, height: 26 };

/** Where a beat stands, and the names of bars that have room. */
export function axis({ bars }, width) {
  const [first, last] = [bars[0].beat, bars.at(-1).end_beat];
  const x = (beat) => LEFT + (width - LEFT - RIGHT) * (beat - first) / Math.max(1e-9, last - first);
  const every = Math.ceil(bars.length / Math.max(1, Math.floor((width - LEFT) / 42)));
  return { x, labels: bars.filter((_, i) => i % every === 0).map(({ beat, name }) => ({ x: x(beat), text: name })) };
}

/** Heights for values between two: the larger one stands higher. */
function scale(low, high) {
  const room = Math.max(1e-9, high - low);
  return (value) => TOP + PLOT - 6 - (PLOT - 12) * (Math.min(high, Math.max(low, value)) - low) / room;
}

const handsOf = (told) => Object.keys(SHAPES).filter((hand) => told[hand]?.length);

/** How loud each hand was in each bar: a mark for the middle, a line from the softest note to the loudest. */
export function loudness({ bars, loudness: told }, { x }) {
  const rows = handsOf(told).flatMap((hand) => told[hand].map((row) => ({ ...row, hand })));
  if (!rows.length) return { marks: [], lines: [], left: [] };
  const [low, high] = [Math.min(...rows.map((row) => row.softest)), Math.max(...rows.map((row) => row.loudest))];
  const y = scale(low, high);
  const middles = new Map(bars.map((bar) => [bar.bar, x((bar.beat + bar.end_beat) / 2)]));
  const at = ({ bar, hand }) => middles.get(bar) + (hand === "right" ? -4 : hand === "left" ? 4 : 0);
  return {
    marks: rows.map((row) => ({ shape: SHAPES[row.hand], x: at(row), y: y(row.middle) })),
    lines: rows.map((row) => ({ x1: at(row), x2: at(row), y1: y(row.softest), y2: y(row.loudest) })),
    left: [{ y: y(high), key: "pictures.loud" }, { y: y(low), key: "pictures.soft" }],
  };
}

/** The tempo from step to step; a stop is an empty square at the lower edge. */
export function evenness({ evenness: told }, { x }) {
  const middle = told.beats_a_minute;
  if (middle === null || !told.steps.length) return { marks: [], lines: [], left: [] };
  const y = scale(middle * FARTHEST[0], middle * FARTHEST[1]);
  const places = told.steps.map((row) => ({ ...row, x: x(row.beat), y: row.stop ? TOP + PLOT - 6 : y(row.beats_a_minute) }));
  const pairs = places.slice(1).map((next, i) => [places[i], next]);
  const joins = pairs.filter(([one, next]) => next.step === one.step + 1 && !one.stop && !next.stop);
  return {
    marks: places.map((one) => ({ shape: one.stop ? "square" : "round", x: one.x, y: one.y })),
    lines: [
      { x1: x(-1e9), x2: x(1e9), y1: y(middle), y2: y(middle), kind: "middle" },
      ...joins.map(([one, next]) => ({ x1: one.x, y1: one.y, x2: next.x, y2: next.y })),
    ],
    left: [
      { y: TOP + 12, key: "pictures.fast" },
      { y: y(middle), text: String(Math.round(middle)) },
      { y: TOP + PLOT - 6, key: "pictures.slow" },
    ],
  };
}

/** How far each step was from its place between its neighbours: early stands above the line, late below. */
export function rhythm({ rhythm: told }, { x }) {
  if (!told.steps.length) return { marks: [], lines: [], left: [] };
  const most = Math.max(LEAST_MS, ...told.steps.map(({ off_ms: ms }) => Math.abs(ms)));
  const y = scale(-most, most);
  return {
    marks: told.steps.map((row) => ({ shape: SAID[row.said] ?? "dot", x: x(row.beat), y: y(-row.off_ms) })),
    lines: [{ x1: x(-1e9), x2: x(1e9), y1: y(0), y2: y(0), kind: "middle" }],
    left: [{ y: y(most), key: "pictures.early" }, { y: y(-most), key: "pictures.late" }],
  };
}

/** When the pedal is down: in the score above, as it was played below. */
export function pedal({ pedal: told }, { x }) {
  const boxes = (pieces, kind) => pieces.map((one) => (
    { kind, x: x(one.down_beat), y: ROW[kind], width: Math.max(2, x(one.up_beat) - x(one.down_beat)), height: ROW.height }));
  return {
    marks: [],
    lines: [],
    boxes: [...boxes(told.score, "score"), ...boxes(told.played, "played")],
    left: [{ y: ROW.score + 18, key: "pictures.score" }, { y: ROW.played + 18, key: "pictures.played" }],
  };
}

const furthest = (rows, value, sign) => rows.reduce((most, row) => (sign * value(row) > sign * value(most) ? row : most));

/**
 * What each picture shows, in sentences.
 * @param {Object} pictures
 * @param {function(string, Object=): string} say
 */
export function inWords(pictures, say) {
  const nameOf = (bar) => pictures.bars.find((one) => one.bar === bar)?.name ?? String(bar + 1);
  return {
    loudness: loudnessInWords(pictures.loudness, say, nameOf),
    evenness: evennessInWords(pictures.evenness, say, nameOf),
    rhythm: rhythmInWords(pictures.rhythm, say),
    pedal: pedalInWords(pictures.pedal, say),
  };
}

function loudnessInWords(told, say, nameOf) {
  return handsOf(told).map((hand) => {
    const [soft, loud] = [-1, 1].map((sign) => nameOf(furthest(told[hand], (row) => row.middle, sign).bar));
    const who = say(`pictures.hand.${hand}`);
    return soft === loud ? say("pictures.one_bar", { hand: who, bar: soft }) : say("pictures.softest", { hand: who, soft, loud });
  }).join(" ") || say("pictures.nothing");
}

function evennessInWords({ beats_a_minute: middle, steps }, say, nameOf) {
  const flowing = steps.filter((row) => !row.stop);
  if (middle === null || !flowing.length) return say("pictures.nothing");
  const [slow, fast] = [-1, 1].map((sign) => nameOf(furthest(flowing, (row) => row.beats_a_minute, sign).bar));
  const tempo = say("pictures.tempo", { bpm: Math.round(middle), slow, fast });
  const stops = steps.length - flowing.length;
  return stops ? `${tempo} ${say("pictures.stops", { n: stops })}` : tempo;
}

function rhythmInWords({ steps }, say) {
  if (!steps.length) return say("pictures.nothing");
  const [early, late] = ["early", "late"].map((said) => steps.filter((row) => row.said === said).length);
  return say("pictures.rhythm_said", { early, late, placed: steps.length - early - late });
}

function pedalInWords({ heard, score, played }, say) {
  if (!heard) return say(score.length ? "pictures.pedal_unheard" : "pictures.pedal_none", { n: score.length });
  return say("pictures.pedal_said", { score: score.length, played: played.length });
}
