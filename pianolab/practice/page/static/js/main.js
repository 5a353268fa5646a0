// The page on which one practises. It asks the program for the pieces, lets the player choose, and shows what is heard.

import { Awake } from "./awake.js";
import { mount as mountBars } from "./bars.js";
import { asMessage, commandsOf, keep, remembered, stepped } from "./choice.js";
import { mount as mountControls } from "./controls.js";
import { write } from "./dom.js";
import { Shelf, pageWidth } from "./library.js";
import { at } from "./nodes.js";
import { Piece } from "./piece.js";
import { mount as mountReport } from "./report.js";
import { Stage } from "./stage.js";
import { Take } from "./take.js";
import { speaker } from "./texts.js";

const { language, texts } = JSON.parse(at("said").textContent);
const token = new URLSearchParams(location.search).get("token") ?? "";
const say = speaker(texts);
const choice = remembered(localStorage, language);
const awake = new Awake(navigator.wakeLock);
const shelf = new Shelf(token, say);

const stage = new Stage(say, choice, `/tryout?${new URLSearchParams({ token, language })}`);
const controls = mountControls(say, choice, changed);
const report = mountReport(at("report"), say, { practise });
const take = new Take(token, { told, changed: phase, failed: (key) => wrong(say(key)) });

const wrong = (text) => write(at("wrong"), text);

function word() {
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = say(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", say(node.dataset.label));
  for (const id of ["to-shelf", "to-tryout"]) at(id).href += `?${new URLSearchParams({ token, language })}`;
  at("language").value = language;
  at("language").addEventListener("change", () => {
    location.search = new URLSearchParams({ token, language: at("language").value });
  });
}

let asked = 0;
let about = "";

/** Fetch the piece that is chosen, and show it. */
async function open() {
  const mine = ++asked;
  const { item } = choice;
  write(at("about"), say("drawing"));
  try {
    const score = await shelf.score(item, pageWidth(at("score").clientWidth, choice.size));
    if (mine !== asked) return; // Another piece was chosen meanwhile.
    const piece = new Piece(score);
    const same = stage.piece?.item === item;
    piece.item = item;
    if (same) controls.piece = piece;
    else controls.open(piece);
    stage.open(piece, score.pages);
    about = say("about", { composer: score.composer || say("unknown"), n: piece.bars.length });
    write(at("about"), about);
    await practised();
  } catch (error) {
    write(at("about"), "");
    wrong(error.message);
  }
}

/** Say how the piece went until today. */
async function practised() {
  const { item } = choice;
  const soFar = await shelf.practised(item);
  if (soFar && item === choice.item) write(at("about"), `${about} · ${say("practised", soFar)}`);
}

function changed(name) {
  keep(localStorage, choice);
  wrong("");
  if (name === "item" || name === "size") {
    if (name === "item") report.show(null);
    open();
  } else if (["score", "keys", "falling", "flash", "names"].includes(name)) stage.use();
  else if (["again", "slower", "on"].includes(name)) take.sitting.command(commandsOf(choice));
  else if (name === "tempo") take.sitting.tempo(choice.tempo);
  if (["passage", "hands", "mode", "loop"].includes(name)) again();
  if (["detector", "names"].includes(name)) take.end(); // The next take greets the program anew.
}

/** What is played is another thing now. */
function again() {
  if (take.sitting.playing) take.sitting.begin(asMessage(choice));
  else stage.preview();
}

function practise({ first, last }) {
  choice.loop = true;
  controls.passage({ first, last });
  at("play").scrollIntoView({ block: "nearest" });
  at("start").focus();
}

async function start() {
  if (choice.item === null) wrong(say("no_pieces"));
  if (choice.item === null || stage.piece?.item !== choice.item) return; // It is being drawn, or cannot be, which was said.
  wrong("");
  report.show(null);
  if (take.sitting.phase === "resting") take.sitting.begin(asMessage(choice));
  else if (take.sitting.phase === "idle") {
    write(at("state"), say("opening"));
    at("start").disabled = true;
    await take.start(choice, language);
    at("start").disabled = false;
  }
}

function tempo(way) {
  choice.tempo = stepped(choice.tempo, way);
  controls.show();
  changed("tempo");
}

function state() {
  const { phase: now, playing } = take.sitting;
  write(at("state"), say(playing && choice.mode !== "wait" ? "playing_at" : `state.${now}`, { percent: Math.round(100 * choice.tempo) }));
}

/** Where the sitting stands has changed. */
function phase() {
  const { phase: now } = take.sitting;
  document.body.dataset.phase = now;
  state();
  if (now === "idle") at("level").value = at("level").min;
  awake.keep(now === "playing");
  if (now === "playing") {
    report.show(null);
    at("play").scrollIntoView({ block: "nearest" });
  } else if (now !== "choosing") stage.end();
}

function told(message) {
  stage.told(message);
  if (message.type === "heard") at("level").value = message.level_db;
  else if (message.type === "welcome") {
    controls.detectors(message.detectors);
    write(at("who"), say("listens", { detector: message.detector }));
  } else if (message.type === "chosen") follow(message);
  else if (message.type === "error") {
    wrong(message.text);
    if (message.closing || take.sitting.phase === "greeting") take.end(); // It cannot go on like this.
  } else if (message.type === "report") show(message);
}

/** The program has taken a choice, or changed it because a key of the piano asked for it. */
function follow({ first_bar: first, last_bar: last, tempo: share, hands }) {
  Object.assign(choice, { first, last, tempo: share, hands });
  controls.show();
  state();
}

function show(message) {
  report.show(message);
  practised().catch(() => {}); // It stands in the report, too.
  at("report").scrollIntoView({ block: "start" });
  at("report").querySelector("h2").focus({ preventScroll: true });
}

function listen() {
  const passage = {
    get: () => ({ first: choice.first, last: choice.last, moving: choice.moving }),
    set: ({ moving, ...bars }, loops) => {
      choice.moving = moving;
      if (loops) choice.loop = true;
      controls.passage(bars);
      write(at("state"), say("passage.chosen", { first: stage.piece.nameOf(bars.first), last: stage.piece.nameOf(bars.last) }));
    },
    playing: () => take.sitting.playing,
  };
  mountBars(at("score"), stage.score, passage);
  const acts = { start, stop: () => take.sitting.finish(), again: () => take.sitting.again(), on: () => take.sitting.on() };
  const more = { slower: () => tempo(-1), faster: () => tempo(1), off: () => take.end() };
  for (const [id, act] of Object.entries({ ...acts, ...more })) at(id).addEventListener("click", act);
  window.addEventListener("focus", () => { if (!take.sitting.playing) list().catch(() => {}); }); // A score may have been added.
  window.addEventListener("pagehide", () => take.end());
}

/** The pieces of the library, and the one that is chosen, or else the easiest. */
async function list() {
  const items = (await shelf.scores()).sort((a, b) => (a.grade ?? 99) - (b.grade ?? 99));
  if (!items.some((item) => item.number === choice.item)) choice.item = items[0]?.number ?? null;
  controls.pieces(items);
  if (choice.item === null) write(at("about"), say("no_pieces"));
  else if (stage.piece?.item !== choice.item) await open();
}

async function begin() {
  word();
  listen();
  controls.show();
  stage.use();
  state();
  try {
    await list();
  } catch (error) {
    wrong(error.message);
  }
}

begin();
