// A whole front end of the stream: microphone -> websocket -> note events. docs/stream.md describes each message.

const $ = (id) => document.getElementById(id);
const LOWEST = 21; // MIDI number of the lowest key
const SHOWN = 200; // lines of the log
const sounding = new Map(); // number of a note -> its event
let audio, socket, microphone;

for (let midi = LOWEST; midi < LOWEST + 88; midi++) {
  const key = document.createElement("i");
  key.className = [1, 3, 6, 8, 10].includes(midi % 12) ? "black" : "";
  $("keys").append(key);
}

const say = (text) => ($("state").textContent = text);
const tell = (message) => socket.send(JSON.stringify(message));

function show(event) {
  if (event.kind === "off") sounding.delete(event.note);
  else if (event.kind === "on" || event.kind === "revised") sounding.set(event.note, event);
  const sure = event.confidence == null ? "" : `${Math.round(100 * event.confidence)} %`;
  const what = event.name ?? (event.kind === "gap" ? `${event.seconds.toFixed(2)} s` : event.down ? "down" : "up");
  $("log").prepend(`${event.time_s.toFixed(3).padStart(9)} s  ${event.kind.padEnd(8)} ${what.padEnd(8)} ${sure}\n`);
  while ($("log").childNodes.length > SHOWN) $("log").lastChild.remove();
}

function light() {
  const lit = new Set([...sounding.values()].map((event) => event.midi));
  [...$("keys").children].forEach((key, number) => key.classList.toggle("lit", lit.has(LOWEST + number)));
  $("note").textContent = [...sounding.values()].map((event) => event.name).join(" ");
}

const answers = {
  welcome: (message) => {
    say(`${message.detector} listens at ${message.sr} Hz.`);
    capture();
  },
  heard: (message) => {
    $("level").value = message.level_db;
    message.events.forEach(show);
    if (message.events.length) light();
    if (message.dropped_s) say(`The machine is busy: ${message.dropped_s.toFixed(1)} s were not heard.`);
  },
  stopped: (message) => say(`${message.notes} notes in ${message.time_s.toFixed(1)} s.`),
  error: (message) => say(message.text),
};

async function capture() {
  await audio.resume();
  await audio.audioWorklet.addModule("/worklet.js");
  const blocks = new AudioWorkletNode(audio, "blocks", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
  blocks.port.onmessage = ({ data }) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    const late = socket.bufferedAmount > audio.sampleRate; // half a second of 2 bytes a sample waits already
    if (data.missing || late) tell({ type: "missing", samples: data.missing ?? data.pcm.byteLength / 2 });
    else socket.send(data.pcm);
  };
  audio.createMediaStreamSource(microphone).connect(blocks);
}

async function start() {
  $("start").disabled = true;
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  try {
    microphone = await navigator.mediaDevices.getUserMedia({ audio: plain });
  } catch (error) {
    say(`No microphone: ${error.message}`);
    $("start").disabled = false;
    return;
  }
  audio = new AudioContext();
  const token = new URLSearchParams(location.search).get("token") ?? "";
  const scheme = location.protocol === "https:" ? "wss" : "ws"; // behind a proxy with TLS
  socket = new WebSocket(`${scheme}://${location.host}/stream?token=${encodeURIComponent(token)}`);
  socket.onopen = () => tell({ type: "hello", versions: [1], sr: audio.sampleRate });
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    answers[message.type]?.(message);
  };
  socket.onclose = ({ code }) => ended(code);
  $("stop").disabled = false;
}

function ended(code) {
  if (code === 1006) say("The connection is lost, or the token in the address is wrong.");
  microphone.getTracks().forEach((track) => track.stop());
  audio.close();
  sounding.clear();
  light();
  $("start").disabled = false;
  $("stop").disabled = true;
}

$("start").onclick = start;
$("stop").onclick = () => {
  $("stop").disabled = true;
  if (socket.readyState === WebSocket.OPEN) tell({ type: "stop" });
  else socket.close();
};
