// The page's half of the live view: captures the microphone, sends blocks to the kernel, draws what comes back.
// One file, no libraries, no build step; nothing is fetched and nothing is captured before Start is pressed.

const IN_FLIGHT = 4; // messages on their way to the kernel; blocks wait, and go together when one comes back
const LAG_S = 0.5; // sound that waits or is on its way; beyond, blocks are dropped and counted
const POLL_MS = 25; // how often the kernel's own sources are asked
const BUSY_MS = 2000; // no answer for this long: say so
const DEAD_MS = 30000; // no answer for this long: let go of the microphone
const ROLL_S = 10;
const SEEN = 8192; // samples in the picture of the spectrum
const WAVE = 2048; // and of the waveform
const FLASH_MS = 120;
const SAY_MS = 1500; // chords are read out at most this often, the newest only
const PIN_ROW_PX = 28; // pins of keys that lie close stand in rows above each other
const FLASH_GAP_MS = 350; // never more than three flashes a second (WCAG 2.3.1)
const LOW = 21;
const KEYS = 88;
const BLACK = [1, 3, 6, 8, 10];

const WORKLET = `
class Blocks extends AudioWorkletProcessor {
  constructor(options) {
    super();
    this.block = new Int16Array(options.processorOptions.block);
    this.filled = 0;
    this.first = -1;
    this.start = 0;
    this.peak = 0;
    this.port.onmessage = () => { this.post(); this.port.postMessage({ ended: true }); this.over = true; };
  }
  post() {
    if (!this.filled) return;
    const pcm = this.block.slice(0, this.filled);
    const message = { frame: this.start, pcm: pcm.buffer, n: this.filled, peak: this.peak };
    this.port.postMessage(message, [pcm.buffer]);
    this.start += this.filled;
    this.filled = 0;
    this.peak = 0;
  }
  process(inputs) {
    if (this.over) return false;
    const input = inputs[0][0];
    if (!input) return true;
    if (this.first < 0) this.first = currentFrame;
    const expected = this.first + this.start + this.filled;
    if (currentFrame !== expected) { this.post(); this.start = currentFrame - this.first; }
    for (let i = 0; i < input.length; i++) {
      const x = input[i];
      const size = Math.abs(x);
      if (size > this.peak) this.peak = size;
      this.block[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(x * 32768)));
      if (this.filled === this.block.length) this.post();
    }
    return true;
  }
}
registerProcessor("pianolab-blocks", Blocks);
`;

// Every failure: what happened, and what to do.
const TROUBLE = {
  denied: ["The browser does not allow the microphone.", "Click the sign left of the address, allow the microphone, then press Start again."],
  nodevice: ["No microphone was found.", "Plug one in and press Start again."],
  inuse: ["The microphone is there but cannot be opened.", "Close other programs that use it, then press Start again."],
  gone: ["The chosen microphone is no longer there.", "Choose another one and press Start again."],
  insecure: ["This page may not use a microphone, because it is not secure.", "Open it at http://localhost or over https."],
  unplugged: ["The microphone was unplugged or its permission was taken back. What was played so far is kept.", "Plug it in or allow it, then press Start again."],
  muted: ["The system has muted the microphone.", "Switch it on at the device or in the system's sound settings."],
  suspended: ["The browser has paused the sound of this page.", "Click on the page; if it stays like this, press Stop and Start."],
  worklet: ["The browser refuses to run the recording code.", "Allow blob: scripts in the page's security policy, or use another browser."],
  processor: ["The recording code stopped.", "Press Start again."],
  rate: ["The sampling rate of the microphone changed.", "Press Start again."],
  busy: ["The kernel is busy and does not answer yet.", "Wait for the running cell to end; on a Voila page nothing is heard while a cell runs."],
  dead: ["The kernel does not answer: it is busy or was restarted.", "When it is free again, press Start; after a restart, run the cell again."],
  restarted: ["The connection to the kernel is gone: it was restarted or shut down.", "Run the cell again."],
  slow: ["The kernel is too slow for this microphone", "Choose a faster detector, or only one."],
  hidden: ["This tab was hidden while the microphone was on.", "Keep it in view: a hidden tab may be slowed down."],
  other: ["The microphone could not be started.", "Reload the page and try again."],
};

const CAPTURE_ERRORS = {
  NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "nodevice", OverconstrainedError: "gone",
  NotReadableError: "inuse", AbortError: "inuse",
};

class Trouble extends Error {
  constructor(code, detail = "") { super(detail || code); this.code = code; }
}

const h = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
};
let count = 0;
const uniqueId = () => `pianolab-${++count}-${Math.random().toString(36).slice(2, 8)}`;
const signed = (x, digits = 0) => (x < 0 ? "−" : "+") + Math.abs(x).toFixed(digits);
const floats = (view) => Float32Array.from(new Int16Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength)), (x) => x / 32768);
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// ---- the microphone: clean samples in numbered blocks -------------------------------------------------------------

class Capture {
  constructor(onBlock, onTrouble) { this.onBlock = onBlock; this.onTrouble = onTrouble; }

  async open(deviceId) {
    if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) throw new Trouble("insecure");
    this.context = new AudioContext(); // the device's own rate: Firefox refuses any other
    await this.context.resume();
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 };
    if (deviceId) audio.deviceId = { exact: deviceId };
    try {
      this.media = await navigator.mediaDevices.getUserMedia({ audio, video: false });
    } catch (error) {
      throw new Trouble(CAPTURE_ERRORS[error.name] || "other", `${error.name}: ${error.message}`);
    }
    const track = this.media.getAudioTracks()[0];
    track.addEventListener("ended", () => this.onTrouble("unplugged"));
    track.addEventListener("mute", () => this.onTrouble("muted"));
    track.addEventListener("unmute", () => this.onTrouble("", "muted"));
    this.context.addEventListener("statechange", () => {
      if (!this.context) return;
      if (this.context.state === "running") this.onTrouble("", "suspended");
      else if (this.context.state !== "closed") this.onTrouble("suspended");
    });
    await this.addModule();
    const got = track.getSettings();
    const kept = ["echoCancellation", "noiseSuppression", "autoGainControl"].filter((name) => got[name]);
    return { sr: this.context.sampleRate, label: track.label, processing: kept, channels: got.channelCount ?? null };
  }

  async addModule() {
    const blob = URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
    try {
      await this.context.audioWorklet.addModule(blob);
    } catch {
      try {
        await this.context.audioWorklet.addModule(`data:text/javascript,${encodeURIComponent(WORKLET)}`);
      } catch (error) {
        throw new Trouble("worklet", String(error));
      }
    } finally {
      URL.revokeObjectURL(blob);
    }
  }

  run(block) {
    this.source = this.context.createMediaStreamSource(this.media);
    this.node = new AudioWorkletNode(this.context, "pianolab-blocks", {
      numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit", processorOptions: { block },
    });
    this.node.onprocessorerror = () => this.onTrouble("processor");
    this.node.port.onmessage = ({ data }) => (data.ended ? this.ended?.() : this.onBlock(data));
    this.analyser = new AnalyserNode(this.context, { fftSize: SEEN });
    this.samples = new Float32Array(SEEN);
    this.source.connect(this.node);
    this.source.connect(this.analyser);
  }

  // The last samples, for pictures.
  recent() {
    if (!this.analyser) return null;
    this.analyser.getFloatTimeDomainData(this.samples);
    return this.samples;
  }

  // The processed sound back: 'off', 'gain' or 'band' (a band-pass around a frequency).
  monitor(mode, gain, hz) {
    if (!this.source) return;
    if (this.back && this.back.mode !== mode) {
      this.back.first.disconnect();
      this.back.gain.disconnect();
      try { this.source.disconnect(this.back.first); } catch { /* it was not connected */ }
      this.back = null;
    }
    if (mode === "off") return;
    if (!this.back) {
      const volume = new GainNode(this.context, { gain: 0 });
      const first = mode === "band" ? new BiquadFilterNode(this.context, { type: "bandpass", Q: 8, frequency: hz || 440 }) : volume;
      if (first !== volume) first.connect(volume);
      this.source.connect(first);
      volume.connect(this.context.destination);
      this.back = { mode, first, gain: volume };
    }
    const now = this.context.currentTime;
    this.back.gain.gain.setTargetAtTime(gain, now, 0.02);
    if (mode === "band" && hz) this.back.first.frequency.setTargetAtTime(hz, now, 0.02);
  }

  // The last samples, then silence.
  async finish() {
    if (!this.node) return;
    const last = new Promise((resolve) => { this.ended = resolve; });
    this.node.port.postMessage("end");
    await Promise.race([last, new Promise((resolve) => setTimeout(resolve, 300))]);
  }

  close() {
    const { media, context } = this;
    this.media = this.context = this.node = this.source = this.analyser = this.back = null;
    for (const track of media ? media.getTracks() : []) track.stop();
    if (context && context.state !== "closed") context.close().catch(() => {});
  }
}

// ---- the 88 keys ----------------------------------------------------------------------------------------------

const isBlack = (midi) => BLACK.includes(midi % 12);
const whitesBelow = (midi) => {
  let n = 0;
  for (let m = LOW; m < midi; m++) if (!isBlack(m)) n++;
  return n;
};
const keyBox = (midi) => (isBlack(midi) ? { x: whitesBelow(midi) * 20 - 6, w: 12, h: 84 } : { x: whitesBelow(midi) * 20, w: 20, h: 130 });
const keyCentre = (midi) => { const box = keyBox(midi); return (box.x + box.w / 2) / 1040; };

class Keyboard {
  constructor(nameOf) {
    this.nameOf = nameOf;
    this.keys = new Map();
    this.levels = new Map(); // how strongly each key sounds: a bar that stands on the key's front edge
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 1040 132");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    const shape = (kind, attributes, parent = svg) => {
      const node = document.createElementNS(svg.namespaceURI, kind);
      for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
      parent.append(node);
      return node;
    };
    const all = Array.from({ length: KEYS }, (_, i) => LOW + i);
    for (const midi of [...all.filter((m) => !isBlack(m)), ...all.filter(isBlack)]) {
      const { x, w, h: height } = keyBox(midi);
      this.keys.set(midi, shape("rect", { x: x + 0.75, y: 1, width: w - 1.5, height, class: isBlack(midi) ? "black" : "white" }));
      this.levels.set(midi, shape("rect", { x: x + 3, y: 1, width: w - 6, height: 0, class: "level" }));
    }
    this.pins = h("div", { class: "pl-pins", "aria-hidden": "true" });
    this.octaves = h("div", { class: "pl-octaves", "aria-hidden": "true" });
    this.node = h("div", { class: "pl-keyboard", role: "img", "aria-label": "88 keys, none sounds" }, this.pins, svg, this.octaves);
    this.lit = "";
    this.rename();
  }

  rename() {
    this.octaves.replaceChildren(...Array.from({ length: 8 }, (_, i) => 24 + 12 * i).map((midi) => {
      const label = h("span", {}, this.nameOf(midi));
      label.style.left = `${100 * keyCentre(midi)}%`;
      return label;
    }));
    this.lit = "";
  }

  // Light the keys of these notes: position, shape (a pin and a dotted edge) and name, not only colour.
  show(midis, nameOf = this.nameOf) {
    const now = [...new Set(midis)].sort((a, b) => a - b);
    const names = now.map((midi) => nameOf(midi));
    const lit = `${now} ${names}`;
    if (lit === this.lit) return;
    this.lit = lit;
    for (const [midi, rect] of this.keys) rect.classList.toggle("lit", now.includes(midi));
    for (const [midi, rect] of this.levels) if (!now.includes(midi)) rect.setAttribute("height", 0);
    this.pins.replaceChildren(...now.map((midi, i) => {
      const pin = h("span", { class: "pl-pin", "data-midi": midi }, names[i]);
      pin.style.left = `${100 * keyCentre(midi)}%`;
      pin.style.setProperty("--shift", `${-100 * Math.min(0.9, Math.max(0.1, keyCentre(midi)))}%`);
      return pin;
    }));
    this.stack();
    this.node.setAttribute("aria-label", now.length ? `88 keys, sounding: ${names.join(", ")}` : "88 keys, none sounds");
  }

  // Every pin in the lowest row that has room for it.
  stack() {
    const ends = [];
    for (const [pin, box] of [...this.pins.children].map((pin) => [pin, pin.getBoundingClientRect()])) {
      let row = ends.findIndex((end) => end + 3 < box.left);
      if (row < 0) row = ends.length;
      ends[row] = box.right;
      pin.style.setProperty("--up", `${row * PIN_ROW_PX}px`);
    }
    this.rows = Math.max(this.rows || 2, ends.length); // it never shrinks, so that the keys do not jump
    this.node.style.setProperty("--pins", `${this.rows * PIN_ROW_PX + 6}px`);
  }

  // How strongly each lit key sounds.
  level(now) {
    for (const { midi, strength } of now) {
      const { h: height } = keyBox(midi);
      const full = isBlack(midi) ? height - 6 : 42; // of a white key only the part in front of the black ones
      const size = full * Math.min(1, strength);
      this.levels.get(midi).setAttribute("height", size);
      this.levels.get(midi).setAttribute("y", height - 2 - size);
    }
  }
}

// ---- one detector: its name, the note, cents, certainty, keys ---------------------------------------------------

class Lane {
  constructor(index, view) {
    this.index = index;
    this.view = view;
    this.open = new Map(); // note number -> midi
    this.keyboard = new Keyboard((midi) => view.nameOf(midi));
    this.title = h("h3", {});
    this.name = h("div", { class: "pl-note pl-none" }, "no note");
    this.cents = h("div", { class: "pl-cents" }, " ");
    this.needle = h("div", { class: "pl-needle", hidden: true });
    this.sure = h("div", { class: "pl-fill" });
    this.sureText = h("span", { class: "pl-sure-text" }, "–");
    this.tuner = h("div", { class: "pl-tuner", "aria-hidden": "true" },
      h("span", { class: "pl-flat" }, "−50"), h("span", { class: "pl-middle" }), h("span", { class: "pl-sharp" }, "+50"), this.needle);
    this.meter = h("div", { class: "pl-bar", role: "meter", "aria-label": `certainty, detector ${"AB"[index]}`, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0 }, this.sure);
    this.sureRow = h("div", { class: "pl-sure" }, h("span", {}, "certain"), this.meter, this.sureText);
    this.chips = h("ul", { class: "pl-chips", "aria-label": "keys that sound, how surely each was struck and how hard" });
    this.node = h("section", { class: `pl-lane pl-lane-${"ab"[index]}` },
      h("div", { class: "pl-now" }, this.title, this.name,
        h("div", { class: "pl-details" }, this.cents, this.tuner, this.sureRow, this.chips)),
      this.keyboard.node);
    this.listen(false);
  }

  // One voice has cents and certainty; of many keys each has its own.
  listen(polyphonic) {
    this.polyphonic = polyphonic;
    this.tuner.hidden = this.sureRow.hidden = polyphonic;
    this.chips.hidden = !polyphonic;
    this.node.classList.toggle("pl-many", polyphonic);
    this.clear();
  }

  take(event) {
    if (event.kind === "chord") { this.chord = event; return; }
    if (event.kind === "off") this.open.delete(event.note);
    else this.open.set(event.note, event.midi);
    if (event.kind === "on") { this.last = event; if (!this.polyphonic) this.state(event.midi, event.cents, event.confidence); }
  }

  clear() { this.open.clear(); this.last = this.chord = null; this.show([]); }

  show(now) {
    this.keyboard.show([...this.open.values()], (midi) => this.nameOf(midi));
    this.keyboard.level(now);
    this.node.classList.toggle("pl-sounding", this.open.size > 0);
    if (this.polyphonic) this.many(now);
    else if (now.length) this.state(now[0].midi, now[0].cents, now[0].strength);
    else if (!this.open.size) this.quiet();
  }

  // What the last settled keys are called, in the player's note names.
  words() { return this.chord?.texts[this.view.style]; }

  // The name of a key, spelt as in the chord that sounds.
  nameOf(midi) {
    const at = this.chord?.midi.indexOf(midi) ?? -1;
    return at < 0 ? this.view.nameOf(midi) : this.words().keys[at];
  }

  many(now) {
    if (!this.open.size && !this.chord?.midi.length) { this.quiet(); this.chips.replaceChildren(); return; }
    const { symbol, spoken } = this.words() ?? { symbol: "", spoken: "" };
    const keys = [...new Set(this.open.values())].sort((a, b) => a - b).map((midi) => this.nameOf(midi));
    const name = symbol && symbol !== spoken ? symbol : keys.join(" ") || symbol; // an interval stands beside its two keys
    if (this.name.textContent !== name) this.name.textContent = name;
    this.name.classList.remove("pl-none");
    this.name.classList.toggle("pl-chord", name.length > 6);
    const also = this.chord?.others.length ? ` (also ${this.chord.others.join(", ")})` : "";
    const text = spoken ? spoken + also : keys.length > 1 ? "no chord name" : "one key";
    if (this.cents.textContent !== text) this.cents.textContent = text;
    const chip = ({ midi, confidence, velocity }) => {
      const percent = Math.round(100 * confidence);
      const bar = h("span", { class: "pl-bar", "aria-hidden": "true" }, h("span", { class: "pl-fill" }));
      bar.firstChild.style.width = `${percent}%`;
      return h("li", {}, h("strong", {}, this.nameOf(midi)), bar, `${percent} %${velocity == null ? "" : `, velocity ${Math.round(velocity)}`}`);
    };
    this.chips.replaceChildren(...[...now].sort((a, b) => a.midi - b.midi).map(chip));
  }

  state(midi, cents, sure) {
    this.name.textContent = this.view.nameOf(midi);
    this.name.classList.remove("pl-none", "pl-chord");
    this.cents.textContent = cents == null ? "cents unknown" : `${signed(cents)} cents ${Math.abs(cents) < 5 ? "in tune" : cents > 0 ? "sharp" : "flat"}`;
    this.needle.hidden = cents == null;
    if (cents != null) this.needle.style.left = `${50 + Math.max(-50, Math.min(50, cents))}%`;
    const percent = Math.round(100 * Math.min(1, sure ?? 0));
    this.sure.style.width = `${percent}%`;
    this.sureText.textContent = `${percent} %`;
    this.meter.setAttribute("aria-valuenow", percent);
  }

  quiet() {
    this.name.classList.add("pl-none");
    this.name.classList.remove("pl-chord");
    this.sure.style.width = "0%";
    this.sureText.textContent = "–";
    this.meter.setAttribute("aria-valuenow", 0);
    this.needle.hidden = true;
    this.cents.textContent = this.last ? `last note: ${this.view.nameOf(this.last.midi)}` : " ";
    this.name.textContent = "no note";
  }
}

// ---- pictures on canvas -----------------------------------------------------------------------------------------

const fitted = (canvas) => {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: w, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(w * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, w, height);
  return [pen, w, height];
};

class Roll {
  constructor(view) {
    this.view = view;
    this.notes = []; // {lane, note, midi, on, off}
    this.chords = []; // {at, texts} of the first detector
    this.canvas = h("canvas", { class: "pl-roll", role: "img", "aria-label": "piano roll of the last ten seconds" });
  }

  clear() { this.notes = []; this.chords = []; }

  take(event) {
    if (event.kind === "chord") {
      if (event.listener === 0 && event.struck) this.chords.push({ at: event.time_s, texts: event.texts });
      if (this.chords.length > 200) this.chords.splice(0, 100);
      return;
    }
    const found = this.notes.find((n) => n.lane === event.listener && n.note === event.note);
    if (event.kind === "off") { if (found) found.off = event.time_s; }
    else if (found) found.midi = event.midi;
    else this.notes.push({ lane: event.listener, note: event.note, midi: event.midi, on: event.time_s, off: null });
    if (this.notes.length > 400) this.notes.splice(0, 100);
  }

  draw(now) {
    const [pen, w, height] = fitted(this.canvas);
    const ink = this.view.colours();
    const left = 44;
    const bottom = height - 20;
    const x = (time) => left + ((time - now + ROLL_S) / ROLL_S) * (w - left - 6);
    const top = this.chords.length ? 34 : 14; // room for the name of the highest key, and above it for those of chords
    const seen = this.notes.filter((n) => (n.off ?? now) > now - ROLL_S);
    const midis = seen.map((n) => n.midi);
    const low = Math.max(LOW - 1, Math.min(57, ...midis) - 3);
    const high = Math.min(LOW + KEYS, Math.max(76, ...midis) + 3);
    const row = (bottom - top) / (high - low);
    const y = (midi) => bottom - (midi - low) * row;
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    for (let midi = Math.ceil(low / 12) * 12; midi <= high; midi += 12) {
      pen.fillStyle = ink.line;
      pen.fillRect(left, y(midi), w - left, 1);
      pen.fillStyle = ink.text;
      pen.fillText(this.view.nameOf(midi), 4, y(midi));
    }
    for (let s = 0; s <= ROLL_S; s += 2) {
      pen.fillStyle = ink.line;
      pen.fillRect(x(now - s), 0, 1, bottom);
      pen.fillStyle = ink.text;
      pen.textAlign = s === 0 ? "right" : "center";
      pen.fillText(s === 0 ? "now" : `−${s} s`, Math.min(x(now - s), w - 4), height - 9);
    }
    pen.textAlign = "left";
    for (const n of seen) this.bar(pen, ink, n, x, y, Math.max(10, Math.min(18, row * 1.4)), now, left);
    pen.fillStyle = ink.text;
    pen.font = "bold 14px system-ui, sans-serif";
    let free = left;
    for (const { at, texts } of this.chords.filter((chord) => chord.at > now - ROLL_S)) {
      const { symbol, spoken } = texts[this.view.style];
      if (!symbol || symbol === spoken || x(at) < free) continue; // intervals would not fit
      pen.fillText(symbol, x(at), 10);
      free = x(at) + pen.measureText(symbol).width + 6;
    }
  }

  bar(pen, ink, n, x, y, size, now, left) {
    const from = Math.max(left, x(n.on));
    const width = Math.max(4, x(n.off ?? now) - from);
    pen.strokeStyle = pen.fillStyle = n.lane ? ink.b : ink.a;
    pen.lineWidth = 2;
    pen.setLineDash(n.lane ? [5, 3] : []);
    if (n.lane) pen.strokeRect(from, y(n.midi) - size / 2 - 3, width, size + 6); // a frame around the other's bar
    else pen.fillRect(from, y(n.midi) - size / 2, width, size);
    pen.setLineDash([]);
    const twin = n.lane && this.notes.some((m) => !m.lane && m.midi === n.midi && m.on < (n.off ?? now) && (m.off ?? now) > n.on);
    const above = (size + 14) / (y(0) - y(1)); // semitones that the name needs above its bar
    const covered = this.notes.some((m) => m !== n && m.lane === n.lane && m.midi > n.midi && m.midi - n.midi < above && Math.abs(x(m.on) - x(n.on)) < 24);
    if (twin || covered) return;
    pen.fillStyle = ink.text;
    pen.fillText(this.view.nameOf(n.midi), Math.min(from + 1, x(now) - 34), y(n.midi) - size / 2 - 9);
  }
}

// Level of each frequency in dB (0 dB: a sine of full scale), by Cooley and Tukey's transform of a Hann window.
const spectrum = (samples) => {
  const n = samples.length;
  const re = new Float64Array(n);
  const im = new Float64Array(n);
  for (let i = 0, j = 0; i < n; i++) {
    re[j] = samples[i] * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / n));
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
  }
  for (let size = 2; size <= n; size *= 2) {
    const half = size / 2;
    for (let k = 0; k < half; k++) {
      const c = Math.cos((2 * Math.PI * k) / size);
      const d = -Math.sin((2 * Math.PI * k) / size);
      for (let i = k; i < n; i += size) {
        const j = i + half;
        const x = re[j] * c - im[j] * d;
        const y = re[j] * d + im[j] * c;
        re[j] = re[i] - x;
        im[j] = im[i] - y;
        re[i] += x;
        im[i] += y;
      }
    }
  }
  return re.subarray(0, n / 2).map((x, i) => 20 * Math.log10((4 * Math.hypot(x, im[i])) / n + 1e-9));
};

class Scope {
  constructor(view) {
    this.view = view;
    this.spectrum = h("canvas", { class: "pl-spectrum", role: "img", "aria-label": "spectrum of the sound, A0 to C8" });
    this.wave = h("canvas", { class: "pl-wave", role: "img", "aria-label": "waveform of the sound" });
  }

  draw(samples, sr) {
    this.drawSpectrum(samples, sr);
    this.drawWave(samples, sr);
  }

  drawSpectrum(samples, sr) {
    const [pen, w, height] = fitted(this.spectrum);
    const ink = this.view.colours();
    pen.font = "12px system-ui, sans-serif";
    const floor = -100;
    const bottom = height - 18;
    const octaves = Math.log2(4400 / 27.5);
    for (const hz of [55, 110, 220, 440, 880, 1760, 3520]) {
      const x = (Math.log2(hz / 27.5) / octaves) * w;
      pen.fillStyle = ink.line;
      pen.fillRect(x, 0, 1, bottom);
      pen.fillStyle = ink.text;
      pen.textAlign = "center";
      pen.fillText(hz >= 1000 ? `${hz / 1000}k` : `${hz}`, x, height - 4);
    }
    pen.textAlign = "left";
    pen.fillText("Hz", 2, height - 4);
    pen.fillText("0 dB", 2, 12);
    pen.fillText("−100 dB", 2, bottom - 4);
    if (!samples) return;
    const bins = spectrum(samples);
    const step = sr / samples.length;
    const bin = (x) => Math.round((27.5 * 2 ** ((x / w) * octaves)) / step);
    this.line(pen, ink, w, (x) => {
      let level = floor;
      for (let i = bin(x); i <= bin(x + 1); i++) level = Math.max(level, bins[i] ?? floor);
      return (Math.min(0, level) / floor) * bottom;
    });
  }

  drawWave(samples, sr) {
    const [pen, w, height] = fitted(this.wave);
    const ink = this.view.colours();
    pen.fillStyle = ink.line;
    pen.fillRect(0, height / 2, w, 1);
    pen.font = "12px system-ui, sans-serif";
    pen.fillStyle = ink.text;
    pen.textAlign = "left";
    pen.fillText("+1", 2, 12);
    pen.fillText("−1", 2, height - 4);
    if (!samples) return;
    pen.fillText(`${Math.round((1000 * WAVE) / sr)} ms`, w - 44, height - 4);
    const first = samples.length - WAVE;
    this.line(pen, ink, w, (x) => (0.5 - 0.48 * Math.max(-1, Math.min(1, samples[first + Math.floor((x / (w + 1)) * WAVE)]))) * height);
  }

  line(pen, ink, w, y) {
    pen.beginPath();
    for (let x = 0; x <= w; x++) {
      if (x) pen.lineTo(x, y(x)); else pen.moveTo(x, y(x));
    }
    pen.strokeStyle = ink.a;
    pen.lineWidth = 1.5;
    pen.stroke();
  }
}

// ---- the choices: built from what each detector declares -----------------------------------------------------------

class Choices {
  constructor(menu, choices, onChange) {
    this.menu = menu;
    this.onChange = onChange;
    this.a4 = choices[0].a4_hz;
    this.lanes = [choices[0], choices[1] || null];
    this.node = h("div", { class: "pl-choices" });
    this.build();
  }

  entry(name) { return this.menu.find((entry) => entry.name === name); }

  build() {
    const groups = [0, 1].map((lane) => this.group(lane));
    const a4 = h("input", { type: "number", min: 390, max: 470, step: 0.5, value: this.a4, id: uniqueId() });
    a4.addEventListener("change", () => { this.a4 = Number(a4.value) || 440; this.changed(); });
    this.node.replaceChildren(...groups, h("p", {}, h("label", { for: a4.id }, "Tuning: A4 in Hz "), a4));
  }

  group(lane) {
    const choice = this.lanes[lane];
    const select = h("select", { id: uniqueId(), class: `pl-detector-${"ab"[lane]}` });
    if (lane) select.append(h("option", { value: "" }, "none"));
    for (const entry of this.menu) {
      const text = entry.reason ? `${entry.name} (${entry.reason.slice(0, 60)})` : entry.name;
      select.append(h("option", { value: entry.name, disabled: Boolean(entry.reason), selected: choice && choice.detector === entry.name }, text));
    }
    select.addEventListener("change", () => {
      this.lanes[lane] = select.value ? { detector: select.value, params: {}, tracking: {} } : null;
      this.changed();
      this.build();
      this.node.querySelector(`.pl-detector-${"ab"[lane]}`).focus();
    });
    const box = h("fieldset", {}, h("legend", {}, `Detector ${"AB"[lane]}`), h("p", {}, h("label", { for: select.id }, lane ? "beside it " : "listens with "), select));
    const entry = choice && this.entry(choice.detector);
    if (!entry) return box;
    box.append(h("p", { class: "pl-summary" }, entry.summary));
    box.append(this.slider(choice, "threshold", "Threshold", entry.threshold, 0.02, 1, 0.02));
    if (entry.polyphonic) box.append(this.slider(choice, "onset_threshold", "How sure a stroke must be", entry.onset_threshold, 0.02, 1, 0.02));
    else box.append(this.slider(choice, "n_confirm", "Valid note after N frames", entry.n_confirm, 1, 20, 1));
    if (entry.parameters.length) {
      box.append(h("details", {}, h("summary", {}, "Parameters of this detector"), ...entry.parameters.map((p) => this.parameter(choice, p))));
    }
    return box;
  }

  slider(choice, name, text, standard, min, max, step) {
    const value = choice.tracking[name] ?? standard;
    const input = h("input", { type: "range", min, max, step, value, id: uniqueId(), class: `pl-${name}` });
    const shown = h("output", { for: input.id }, String(value));
    input.addEventListener("input", () => { shown.textContent = input.value; });
    input.addEventListener("change", () => { choice.tracking = { ...choice.tracking, [name]: Number(input.value) }; this.changed(); });
    return h("p", {}, h("label", { for: input.id }, `${text} `), input, shown);
  }

  parameter(choice, p) {
    const value = choice.params[p.name] ?? p.default;
    let input;
    if (p.choices.length) {
      input = h("select", {}, ...p.choices.map((c) => h("option", { value: c, selected: String(c) === String(value) }, String(c))));
    } else if (p.kind === "bool") {
      input = h("input", { type: "checkbox", checked: Boolean(value) });
    } else {
      input = h("input", { type: p.kind === "str" ? "text" : "number", step: p.kind === "int" ? 1 : "any", value: value ?? "" });
    }
    input.id = uniqueId();
    input.dataset.parameter = p.name;
    input.addEventListener("change", () => {
      const given = p.kind === "bool" ? input.checked : p.kind === "str" || p.choices.length ? input.value : Number(input.value);
      choice.params = { ...choice.params, [p.name]: given };
      this.changed();
    });
    return h("p", {}, h("label", { for: input.id }, `${p.name} `), input);
  }

  // The first detector is another one.
  use(name) {
    this.lanes[0] = { detector: name, params: {}, tracking: {} };
    this.build();
    this.changed();
  }

  polyphonic(name) { return Boolean(this.entry(name)?.polyphonic); }

  value() {
    return this.lanes.filter(Boolean).map((lane) => ({ detector: lane.detector, params: lane.params, tracking: lane.tracking, a4_hz: this.a4 }));
  }

  reset(choices) {
    this.a4 = choices[0].a4_hz;
    this.lanes = [choices[0], choices[1] || null];
    this.build();
  }

  changed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.onChange(this.value()), 150);
  }
}

// ---- after playing: takes, what was right, labels to correct -------------------------------------------------------

const table = (caption, head, rows) => h("table", {},
  h("caption", {}, caption),
  h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))),
  h("tbody", {}, ...rows.map((cells) => h("tr", {}, ...cells.map((cell) => h("td", {}, cell ?? "–"))))));

const MARKS = { right: "✓ right", wrong: "✗ wrong", missing: "○ missing", extra: "+ extra", late: "▸ late", early: "◂ early" };

class Takes {
  constructor(send) {
    this.send = send;
    this.list = h("ul", { class: "pl-takes" });
    this.report = h("div", { class: "pl-report", role: "region", "aria-label": "what was right", "aria-live": "polite", tabindex: 0 });
    this.rows = new Map();
    this.table = h("div", { class: "pl-scroll", role: "region", "aria-label": "labels", tabindex: 0 });
    this.editor = h("details", { class: "pl-editor", hidden: true }, h("summary", {}, "Correct the labels"), this.table);
    this.node = h("section", { class: "pl-after", hidden: true }, h("h3", {}, "Takes"), this.list, this.report, this.editor);
  }

  add(take) {
    this.node.hidden = false;
    const act = (text, message, kind) => h("button", { type: "button", class: `pl-${kind}`, onclick: () => { if (kind === "labels") this.editor.open = true; this.send({ ...message, take: take.name }); } }, text, h("span", { class: "pl-unseen" }, ` take ${take.name}`));
    const row = h("li", {},
      h("span", { class: "pl-take-name" }, `${take.name.replace("T", " ")} · ${take.seconds.toFixed(1)} s · ${take.n_notes} notes · ${take.folder ? `kept in ${take.folder}` : "not saved"} · labels ${take.labels}`),
      act("Play", { type: "play" }, "play"), take.folder ? "" : act("Save", { type: "save" }, "save"), take.folder ? "" : act("Forget", { type: "forget" }, "forget"), act("Labels", { type: "label", edit: "show" }, "labels"));
    if (this.rows.has(take.name)) this.rows.get(take.name).replaceWith(row);
    else this.list.prepend(row);
    this.rows.set(take.name, row);
  }

  saved(asked, take) {
    this.rows.get(asked)?.remove();
    this.rows.delete(asked);
    this.add(take);
  }

  forget(name) {
    this.rows.get(name)?.remove();
    this.rows.delete(name);
    this.report.replaceChildren();
    this.editor.hidden = true;
    this.node.hidden = !this.rows.size;
  }

  sound(take, mime, data) {
    const url = URL.createObjectURL(new Blob([data], { type: mime }));
    const player = h("audio", { controls: true, src: url, "aria-label": `take ${take}` });
    const row = this.rows.get(take);
    row?.querySelector("audio")?.remove();
    row?.append(player);
    player.play().catch(() => {});
  }

  show({ verdicts, scores, protocol }, nameOf) {
    const parts = [];
    if (verdicts.length) {
      const n = (...kinds) => verdicts.filter((v) => kinds.includes(v.what)).length;
      const asked = verdicts.length - n("extra");
      parts.push(h("p", { class: "pl-result" }, `${n("right", "late", "early")} of ${asked} keys right, ${n("right")} of them in time`));
      parts.push(table("What was played", ["", "asked", "heard", "at", "off the beat"], verdicts.map((v) => [
        MARKS[v.what], v.asked, v.heard, `${v.time_s.toFixed(2)} s`, v.off_s == null ? null : `${signed(1000 * v.off_s)} ms`])));
    }
    if (scores.length) {
      const row = (s) => [s.detector, s.onset_precision, s.onset_recall, s.onset_f1, s.note_f1, s.onset_bias_ms == null ? null : `${signed(s.onset_bias_ms)} ms`];
      parts.push(table("Detectors on this take, against its labels", ["detector", "precision", "recall", "onset F1", "note F1", "onset bias"], scores.map(row)));
      parts.push(h("p", { class: "pl-small" }, protocol));
    }
    this.report.replaceChildren(...parts);
  }

  labels({ take, notes }) {
    this.add(take);
    const edit = (index, edit, seconds, text, what) => h("button", { type: "button", onclick: () => this.send({ type: "label", take: take.name, edit, index, seconds }) }, text, h("span", { class: "pl-unseen" }, ` ${what}`));
    const rows = notes.map((n, i) => {
      const what = `${n.name} at ${n.onset_s.toFixed(2)} seconds`;
      return [n.name, n.onset_s.toFixed(3), (n.offset_s - n.onset_s).toFixed(2), h("span", {},
        edit(i, "shift", -0.1, "−100 ms", what), edit(i, "shift", -0.01, "−10", what), edit(i, "shift", 0.01, "+10", what),
        edit(i, "shift", 0.1, "+100 ms", what), edit(i, "delete", 0, "delete", what))];
    });
    const confirm = h("button", { type: "button", class: "pl-confirm", onclick: () => this.send({ type: "label", take: take.name, edit: "confirm" }) }, "Confirm: this is what was played");
    this.editor.hidden = false;
    this.table.replaceChildren(table(`Labels of take ${take.name} (${take.labels})`, ["note", "begins (s)", "lasts (s)", "move"], rows), confirm);
  }
}

// ---- everything together --------------------------------------------------------------------------------------------

class View {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.id = uniqueId();
    this.state = "waiting";
    this.style = "C4";
    this.names = { C4: ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"] };
    this.troubles = new Map();
    this.lanes = [new Lane(0, this)];
    this.roll = new Roll(this);
    this.scope = new Scope(this);
    this.takes = new Takes((message) => this.send(message));
    this.build();
    this.onMessage = (content, buffers) => this.answered(content, buffers);
    this.onHidden = () => { if (document.hidden && this.state === "running") this.trouble("hidden"); };
    this.onDevices = () => this.listDevices();
    model.on("msg:custom", this.onMessage);
    document.addEventListener("visibilitychange", this.onHidden);
    navigator.mediaDevices?.addEventListener?.("devicechange", this.onDevices);
    this.hello();
    this.watch = setInterval(() => this.check(), 250);
    this.redraw();
  }

  // -- the page

  build() {
    this.button = h("button", { type: "button", class: "pl-start", disabled: true, onclick: () => (this.state === "running" ? this.stop() : this.start()) }, "Start");
    this.sign = h("span", { class: "pl-sign" }, "microphone off");
    this.select = h("select", { id: uniqueId(), class: "pl-source" }, h("option", { value: "" }, "This browser's microphone"));
    this.level = h("div", { class: "pl-fill" });
    this.held = h("div", { class: "pl-held" });
    this.meter = h("div", { class: "pl-bar pl-level", role: "meter", "aria-label": "loudness in dBFS", "aria-valuemin": -80, "aria-valuemax": 0, "aria-valuenow": -80 }, this.level, this.held);
    this.loud = h("span", { class: "pl-loud" }, "silent");
    this.clip = h("strong", { class: "pl-clip", hidden: true }, "▲ too loud: clipping");
    this.alerts = h("div", { class: "pl-alerts", role: "alert" });
    this.say = h("p", { class: "pl-unseen pl-say", role: "status" }, "");
    this.modes = h("fieldset", { class: "pl-modes", hidden: true }, h("legend", { class: "pl-unseen" }, "What do you play?"));
    this.status = h("p", { class: "pl-status", role: "status" }, "Waiting for the kernel …");
    this.counts = h("p", { class: "pl-small pl-counts" }, "");
    this.laneBox = h("div", { class: "pl-lanes" }, this.lanes[0].node);
    this.promptBox = h("section", { class: "pl-prompt", hidden: true });
    this.log = h("ol");
    this.logBox = h("div", { class: "pl-log", role: "log", "aria-label": "notes heard", "aria-live": "polite", tabindex: 0 }, this.log);
    this.flashBox = h("div", { class: "pl-flash", "aria-hidden": "true" });
    this.styleSelect = h("select", { id: uniqueId(), class: "pl-style" });
    this.styleSelect.addEventListener("change", () => this.rename());
    this.keep = this.tick("Keep takes on disk", "pl-keep");
    this.flash = this.tick("Flash the edge of the page at every note", "pl-flash-switch");
    this.buzz = this.tick(navigator.vibrate ? "Vibrate at every note" : "Vibrate (this device cannot)", "pl-buzz-switch");
    this.buzz.input.disabled = !navigator.vibrate;
    this.backSelect = h("select", { id: uniqueId(), class: "pl-monitor" },
      h("option", { value: "off" }, "off"), h("option", { value: "gain" }, "as it is"), h("option", { value: "band" }, "only around the note heard"));
    this.backGain = h("input", { type: "range", min: 0, max: 2, step: 0.05, value: 0.5, id: uniqueId() });
    const heed = () => this.monitor();
    this.backSelect.addEventListener("change", heed);
    this.backGain.addEventListener("input", heed);
    this.choiceBox = h("div");
    this.root = h("div", { class: "pianolab", "data-lm-suppress-shortcuts": "true", "data-state": this.state, role: "region", "aria-label": "pianolab live" },
      this.flashBox,
      h("header", {}, this.button, this.sign,
        h("span", { class: "pl-field" }, h("label", { for: this.select.id }, "Input "), this.select),
        h("div", { class: "pl-loudness" }, h("span", {}, "loudness"), this.meter, this.loud, this.clip)),
      this.modes, this.alerts, this.status, this.say, this.promptBox, this.laneBox,
      h("section", { class: "pl-pictures" },
        h("figure", {}, h("figcaption", {}, "The last ten seconds"), this.roll.canvas),
        h("figure", {}, h("figcaption", {}, "Spectrum: level over frequency"), this.scope.spectrum),
        h("figure", {}, h("figcaption", {}, "Waveform: amplitude over time"), this.scope.wave)),
      this.takes.node,
      h("section", { class: "pl-settings" },
        h("p", {}, h("label", { for: this.styleSelect.id }, "Note names "), this.styleSelect),
        this.keep.node, this.flash.node, this.buzz.node,
        h("details", {}, h("summary", {}, "Hear it back"),
          h("p", { class: "pl-warning" }, "⚠ Use headphones: loudspeakers howl when the microphone hears them."),
          h("p", {}, h("label", { for: this.backSelect.id }, "Sound of the microphone "), this.backSelect),
          h("p", {}, h("label", { for: this.backGain.id }, "How loud "), this.backGain)),
        h("details", { class: "pl-how", open: false }, h("summary", {}, "Detectors, threshold, valid notes, tuning"), this.choiceBox)),
      h("section", { class: "pl-text" }, h("h3", {}, "Notes heard"), this.logBox, this.counts),
      h("p", { class: "pl-small" }, "Nothing is recorded before Start is pressed; the sound goes only to this notebook's kernel."));
    this.el.replaceChildren(this.root);
  }

  tick(text, name) {
    const input = h("input", { type: "checkbox", id: uniqueId(), class: name, role: "switch" });
    return { input, node: h("p", {}, input, h("label", { for: input.id }, ` ${text}`)) };
  }

  nameOf(midi) {
    return `${this.names[this.style][midi % 12]}${Math.floor(midi / 12) - 1}`;
  }

  rename() {
    this.style = this.styleSelect.value || "C4";
    for (const lane of this.lanes) lane.keyboard.rename();
    this.showPrompt();
    this.show();
  }

  colours() {
    const css = getComputedStyle(this.root);
    const of = (name) => css.getPropertyValue(`--pl-${name}`).trim();
    return { text: of("text"), line: of("line"), a: of("a"), b: of("b") };
  }

  set(state) {
    this.state = state;
    this.root.dataset.state = state;
    const on = state === "running" || state === "stopping";
    this.button.textContent = on ? "Stop" : "Start";
    this.button.disabled = !["ready", "running"].includes(state);
    this.select.disabled = this.keep.input.disabled = state !== "ready";
    this.sign.textContent = on ? `● ${this.source ? "listening" : "microphone ON"}` : "microphone off";
    this.sign.classList.toggle("pl-on", on);
  }

  tell(what, detail = {}) {
    this.el.dispatchEvent(new CustomEvent("pianolab", { bubbles: true, detail: { what, at: performance.now(), ...detail } }));
  }

  // -- failures, each named with what to do

  trouble(code, clears = "", extra = "") {
    if (clears) this.troubles.delete(clears);
    if (code) this.troubles.set(code, extra);
    this.alerts.replaceChildren(...[...this.troubles].map(([name, more]) => {
      const [what, remedy] = TROUBLE[name];
      return h("p", { class: "pl-alert", "data-code": name }, h("strong", {}, `⚠ ${what}${more ? ` ${more}` : ""}`), ` ${remedy}`);
    }));
    if (code) this.tell("trouble", { code });
    if (["unplugged", "processor"].includes(code)) this.stop();
  }

  refused(text) {
    this.status.textContent = `⚠ ${text}`;
  }

  // -- messages

  send(message, buffer) {
    try {
      this.model.send(message, undefined, buffer ? [buffer] : []);
      return true;
    } catch {
      this.lost();
      return false;
    }
  }

  lost() {
    this.release();
    this.trouble("restarted", "busy");
    this.set("lost");
  }

  hello() {
    this.asked = performance.now();
    this.send({ type: "hello", view: this.id });
  }

  answered(content, buffers) {
    if (content.session && content.session !== this.session) return;
    const answer = this[`on_${content.type}`];
    if (answer) answer.call(this, content, buffers);
  }

  on_ready(content) {
    if (content.view !== this.id) return;
    this.asked = null;
    this.trouble("", "busy");
    this.names = content.names;
    this.blockLength = content.block;
    this.styleSelect.replaceChildren(...Object.keys(content.names).map((name) => h("option", { value: name }, name === "C4" ? "C4, D4, E4" : name === "Do" ? "Do4, Re4, Mi4" : `${name}4`)));
    this.keep.input.checked = content.keep;
    this.keep.node.querySelector("label").title = content.folder;
    this.showModes(content.modes);
    this.choices = new Choices(content.menu, content.choices, (choices) => this.send({ type: "choose", choices }));
    this.choiceBox.replaceChildren(this.choices.node);
    for (const { name, label } of content.sources) this.select.append(h("option", { value: name }, label));
    this.prompt = content.prompt;
    this.showPrompt();
    this.useLanes(content.choices);
    for (const take of content.takes) this.takes.add(take);
    this.set("ready");
    this.status.textContent = `Ready. Press Start and play. Listens with ${this.detectors(content.choices)}.`;
    if (content.problem) this.refused(content.problem);
    this.listDevices();
    this.tell("ready");
  }

  // One note at a time, or chords: a click takes the detector that suits.
  showModes(modes) {
    const texts = { single: "One note at a time", chords: "Chords, both hands" };
    const name = uniqueId();
    const radios = Object.entries(modes).map(([mode, detector]) => {
      const input = h("input", { type: "radio", name, value: mode, id: uniqueId(), class: `pl-mode-${mode}`, onchange: () => this.choices.use(detector) });
      return h("label", { for: input.id }, input, ` ${texts[mode]}`);
    });
    this.modes.hidden = radios.length < 2;
    this.modes.replaceChildren(this.modes.firstChild, ...radios);
  }

  on_started(content) {
    this.begin?.resolve(content);
  }

  on_heard(content, buffers) {
    this.acked(content.seq);
    if (buffers?.length) this.recent = floats(buffers[0]);
    for (const event of content.events) this.take(event);
    this.now = content.now;
    this.heard = { seconds: content.seconds, at: performance.now() };
    this.loudness(content.level_db, content.peak);
    this.show();
    this.count(content);
    this.tell("heard", { seconds: content.seconds });
    const on = content.events.filter((event) => event.kind === "on");
    if (on.length) requestAnimationFrame(() => this.tell("painted", { events: on, lit: this.lit() }));
    const chords = content.events.filter((event) => event.kind === "chord" && event.listener === 0);
    if (chords.length) {
      const { name, cents, chips } = this.lanes[0];
      const keys = [...chips.children].map((chip) => chip.textContent);
      this.tell("chord", { events: chords, shown: name.textContent, text: cents.textContent, keys, lit: this.lit() });
    }
    if (content.done && this.state === "running") this.stop();
  }

  on_stale(content) {
    if (this.state === "running") { this.acked(content.seq ?? this.seq); this.release(); this.set("ready"); this.status.textContent = "Another page started; this one stopped."; }
  }

  on_chosen(content) {
    for (const event of content.events) this.take(event);
    this.useLanes(content.choices);
    this.show();
    this.status.textContent = `Listens with ${this.detectors(content.choices)}.`;
    this.tell("chosen", { choices: content.choices });
  }

  on_refused(content) {
    if (content.asked === "block" || content.asked === "poll") this.acked(content.seq ?? 0);
    if (content.asked === "start") this.begin?.reject(new Error(content.text));
    if (content.asked === "stop") this.ended();
    this.refused(content.text);
  }

  on_stopped(content) {
    for (const event of content.events) this.take(event);
    this.counts.textContent = `${content.counts.blocks} blocks, ${content.counts.missing} samples missing, ${this.dropped} blocks dropped`;
    if (content.take) this.takes.add(content.take);
    this.takes.show(content);
    if (content.take && content.take.labels === "proposed") this.send({ type: "label", take: content.take.name, edit: "show" });
    this.ended();
    this.tell("stopped", { counts: content.counts, take: content.take });
  }

  on_saved(content) { this.takes.saved(content.asked, content.take); this.status.textContent = `Saved in ${content.take.folder}.`; }

  on_forgotten(content) { this.takes.forget(content.take); this.status.textContent = "Forgotten."; }

  on_labels(content) { this.takes.labels(content); this.takes.show(content); }

  on_audio(content, buffers) { this.takes.sound(content.take, content.mime, buffers[0]); }

  detectors(choices) { return choices.map((choice) => choice.detector).join(" and "); }

  useLanes(choices) {
    while (this.lanes.length > choices.length) this.lanes.pop().node.remove();
    while (this.lanes.length < choices.length) {
      this.lanes.push(new Lane(this.lanes.length, this));
      this.laneBox.append(this.lanes.at(-1).node);
    }
    this.lanes.forEach((lane, i) => {
      const polyphonic = this.choices.polyphonic(choices[i].detector);
      if (polyphonic !== lane.polyphonic) lane.listen(polyphonic);
      lane.title.textContent = choices.length > 1 ? `${"AB"[i]}: ${choices[i].detector}` : choices[i].detector;
    });
    const radio = this.modes.querySelector(this.lanes[0].polyphonic ? ".pl-mode-chords" : ".pl-mode-single");
    if (radio) radio.checked = true;
    // Every note read out one by one would drown a chord: there `announce` speaks instead.
    this.logBox.setAttribute("aria-live", this.lanes[0].polyphonic ? "off" : "polite");
  }

  // -- start and stop

  async start() {
    if (this.state !== "ready") return;
    this.set("starting");
    this.troubles.clear();
    this.trouble("");
    const option = this.select.selectedOptions[0];
    this.source = option && !option.dataset.device && option.value ? option.value : "";
    this.session = `${this.id}-${Date.now()}`;
    Object.assign(this, { seq: 0, inFlight: new Map(), backlog: [], dropped: 0, frames: 0, now: [], heard: { seconds: 0, at: performance.now() }, lastAck: performance.now() });
    this.roll.clear();
    for (const lane of this.lanes) lane.clear();
    this.log.replaceChildren();
    try {
      let capture = null;
      if (!this.source) {
        this.capture = new Capture((block) => this.block(block), (code, clears) => this.trouble(code, clears));
        capture = await this.capture.open(option?.dataset.device);
      }
      const begun = new Promise((resolve, reject) => { this.begin = { resolve, reject }; });
      this.waiting = performance.now();
      this.send({ type: "start", session: this.session, source: this.source || "browser", sr: capture?.sr, capture, keep: this.keep.input.checked });
      const started = await begun;
      this.sr = started.sr;
      this.began = performance.now();
      this.set("running");
      this.heard = { seconds: 0, at: performance.now() };
      if (this.source) this.poller = setInterval(() => this.poll(), POLL_MS);
      else { this.capture.run(this.blockLength); this.monitor(); this.listDevices(); }
      const processed = capture?.processing.length ? ` Warning: the browser still applies ${capture.processing.join(", ")}.` : "";
      this.status.textContent = `Listening at ${this.sr} Hz${capture ? ` to ${capture.label}` : ""}.${processed}`;
      this.tell("started", { sr: this.sr, capture });
      this.redraw();
    } catch (error) {
      this.release();
      if (error instanceof Trouble) this.trouble(error.code, "", error.code === "other" ? `(${error.message})` : "");
      else this.refused(error.message);
      if (this.state !== "lost") this.set("ready");
    } finally {
      this.begin = this.waiting = null;
    }
  }

  async stop() {
    if (this.state !== "running") return;
    this.set("stopping");
    clearInterval(this.poller);
    if (this.capture) await this.capture.finish();
    const patience = performance.now() + 1500;
    while ((this.inFlight.size || this.backlog.length) && performance.now() < patience) await new Promise((resolve) => setTimeout(resolve, 20));
    this.release();
    this.stopAsked = performance.now();
    this.send({ type: "stop", session: this.session, frames: this.frames, dropped: this.dropped });
  }

  // Let go of the microphone at once.
  release() {
    clearInterval(this.poller);
    this.capture?.close();
    this.capture = null;
    this.sign.textContent = "microphone off";
    this.sign.classList.remove("pl-on");
  }

  ended() {
    this.stopAsked = this.recent = null;
    for (const lane of this.lanes) { lane.open.clear(); lane.chord = null; lane.show([]); }
    this.top = 0;
    this.loudness(-120, 0);
    this.trouble("", "slow");
    this.set("ready");
    this.status.textContent = "Stopped. The microphone is off.";
    this.redraw();
  }

  block({ frame, pcm, n, peak }) {
    if (this.state !== "running" && this.state !== "stopping") return;
    this.frames = frame + n;
    this.tell("block", { frame, n });
    this.peakNow = Math.max(this.peakNow || 0, peak);
    const owed = [...this.inFlight.values()].reduce((sum, m) => sum + m.n, 0) + this.backlog.reduce((sum, m) => sum + m.n, 0);
    if (owed + n > LAG_S * this.sr) {
      this.dropped += 1;
      this.droppedAt = performance.now();
      this.trouble("slow", "", `(${this.dropped} blocks, ${((this.dropped * this.blockLength) / this.sr).toFixed(1)} s left out).`);
    } else {
      this.backlog.push({ frame, pcm, n });
    }
    this.post();
  }

  // Send what waits: as many blocks as follow each other go in one message.
  post() {
    if (!this.backlog.length || this.inFlight.size >= IN_FLIGHT) return;
    const first = this.backlog[0].frame;
    const parts = [];
    let n = 0;
    while (this.backlog.length && this.backlog[0].frame === first + n) {
      const block = this.backlog.shift();
      parts.push(block.pcm);
      n += block.n;
    }
    let pcm = parts[0];
    if (parts.length > 1) {
      const joined = new Int16Array(n);
      let at = 0;
      for (const part of parts) { joined.set(new Int16Array(part), at); at += part.byteLength / 2; }
      pcm = joined.buffer;
    }
    this.ask({ type: "block", session: this.session, frame: first, sr: this.sr }, pcm, n);
  }

  poll() {
    if (!this.inFlight.size) this.ask({ type: "poll", session: this.session });
  }

  ask(message, pcm, n = 0) {
    const seq = this.seq++;
    this.inFlight.set(seq, { at: performance.now(), n });
    this.send({ ...message, seq }, pcm);
  }

  acked(seq) {
    for (const sent of [...this.inFlight?.keys() ?? []]) if (sent <= seq) this.inFlight.delete(sent);
    this.lastAck = performance.now();
    if (this.troubles.has("busy")) this.trouble("", "busy");
    if (this.state === "running" || this.state === "stopping") this.post();
  }

  // Every quarter of a second: does the kernel still answer?
  check() {
    const now = performance.now();
    if (this.asked && now - this.asked > BUSY_MS && !this.troubles.has("busy")) this.trouble("busy");
    if (this.waiting && now - this.waiting > BUSY_MS && !this.troubles.has("busy")) this.trouble("busy");
    if (this.waiting && now - this.waiting > DEAD_MS) { this.trouble("dead", "busy"); this.begin?.reject(new Error("The kernel did not answer.")); }
    if (this.stopAsked && now - this.stopAsked > DEAD_MS) { this.trouble("dead", "busy"); this.ended(); }
    if (this.troubles.has("slow") && now - this.droppedAt > 5000) this.trouble("", "slow");
    if (this.state !== "running" || !this.inFlight.size) return;
    const silent = now - Math.min(...[...this.inFlight.values()].map((m) => m.at));
    if (silent > DEAD_MS) { this.release(); this.trouble("dead", "busy"); this.set("ready"); this.status.textContent = "Stopped: the kernel did not answer. The microphone is off."; }
    else if (silent > BUSY_MS && !this.troubles.has("busy")) this.trouble("busy");
  }

  async listDevices() {
    if (!navigator.mediaDevices?.enumerateDevices) return;
    const devices = (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === "audioinput" && d.deviceId && d.label);
    const chosen = this.select.value;
    for (const option of [...this.select.options]) if (option.dataset.device) option.remove();
    const rest = this.select.options[1] || null;
    for (const d of devices) this.select.insertBefore(h("option", { value: `device:${d.deviceId}`, "data-device": d.deviceId }, d.label), rest);
    if ([...this.select.options].some((o) => o.value === chosen)) this.select.value = chosen;
  }

  // -- what was heard

  take(event) {
    if (event.kind === "gap") {
      this.write(`${event.time_s.toFixed(1)} s: ${Math.round(1000 * event.seconds)} ms are missing`);
      return;
    }
    const lane = this.lanes[event.listener];
    if (!lane) return;
    lane.take(event);
    this.roll.take(event);
    if (event.kind === "chord" && event.struck) this.chord(lane, event);
    if (event.kind !== "on") return;
    if (event.listener === 0) { this.signal(); this.progress(event.midi); }
    if (lane.polyphonic) return; // written when the keys have settled
    const cents = event.cents == null ? "" : `, ${signed(event.cents)} cents`;
    const voice = this.lanes.length > 1 ? `${"AB"[event.listener]} ` : "";
    this.write(`${voice}${this.nameOf(event.midi)} at ${event.time_s.toFixed(2)} s${cents}, ${Math.round(100 * event.confidence)} % certain`);
  }

  chord(lane, event) {
    const { keys, spoken } = event.texts[this.style];
    const voice = this.lanes.length > 1 ? `${"AB"[event.listener]} ` : "";
    this.write(`${voice}${keys.join(" ")} at ${event.time_s.toFixed(2)} s${spoken ? `: ${spoken}` : ""}`);
    if (event.listener === 0) this.announce(`${spoken ? `${spoken}: ` : ""}${keys.join(" ")}`);
  }

  // For screen readers: the newest chord, with a pause behind each.
  announce(text) {
    this.unsaid = text;
    if (this.saying) return;
    const speak = () => {
      this.saying = null;
      if (this.unsaid == null) return;
      this.say.textContent = this.unsaid;
      this.unsaid = null;
      this.saying = setTimeout(speak, SAY_MS);
    };
    speak();
  }

  write(text) {
    const item = h("li", {}, text);
    this.log.append(item);
    while (this.log.children.length > 60) this.log.firstChild.remove();
    this.logBox.scrollTop = this.logBox.scrollHeight;
  }

  signal() {
    const now = performance.now();
    if (this.buzz.input.checked && navigator.vibrate) navigator.vibrate(40);
    if (!this.flash.input.checked || now - (this.flashed || 0) < FLASH_GAP_MS) return;
    this.flashed = now;
    this.flashBox.classList.add("pl-now-flash");
    setTimeout(() => this.flashBox.classList.remove("pl-now-flash"), FLASH_MS);
  }

  show() {
    this.lanes.forEach((lane, i) => lane.show(this.now?.[i] ?? []));
    if (this.backSelect.value === "band") this.monitor();
  }

  // The keys that are lit now, as the page shows them.
  lit() { return [...this.root.querySelectorAll(".pl-pin")].map((pin) => Number(pin.dataset.midi)); }

  monitor() {
    const note = this.now?.[0]?.[0];
    const hz = note ? 440 * 2 ** ((note.midi - 69) / 12) * (this.choices.a4 / 440) : null;
    this.capture?.monitor(this.backSelect.value, Number(this.backGain.value), hz);
  }

  loudness(level, peak) {
    const share = (db) => `${Math.max(0, Math.min(100, (100 * (db + 80)) / 80))}%`;
    this.level.style.width = share(level);
    this.top = Math.max(peak, (this.top || 0) * 0.985);
    this.held.style.left = share(20 * Math.log10(Math.max(this.top, 1e-5)));
    const text = level <= -100 ? "silent" : `${Math.round(level)} dB`.replace("-", "−");
    if (this.loud.textContent !== text) this.loud.textContent = text;
    this.meter.setAttribute("aria-valuenow", Math.round(Math.max(-80, level)));
    if (peak >= 0.999) this.clipped = performance.now();
    this.clip.hidden = !(this.clipped && performance.now() - this.clipped < 2000);
  }

  count({ seconds, missing_s: missing, refused, problem, lost }) {
    const now = performance.now();
    if (now - (this.countedAt || 0) < 500) return;
    this.countedAt = now;
    const lag = this.source ? "" : `, ${this.inFlight.size} messages on their way`;
    this.counts.textContent = `${seconds.toFixed(1)} s heard, ${missing.toFixed(2)} s missing, ${this.dropped} blocks dropped${refused ? `, ${refused} refused` : ""}${lost ? `, ${lost} lost by the sound card` : ""}${lag}`;
    if (problem) this.refused(problem);
  }

  // -- the prompt of a trial

  showPrompt() {
    this.promptBox.hidden = !this.prompt;
    if (!this.prompt) return;
    this.expected = 0;
    this.chips = this.prompt.notes.map((note) => h("span", {}, this.nameOf(note.midi)));
    const groups = this.prompt.chords.map(({ first, n, texts }) => {
      const { symbol, keys } = texts[this.style];
      for (let i = 0; i < n; i++) this.chips[first + i].textContent = keys[i] ?? this.nameOf(this.prompt.notes[first + i].midi);
      return h("li", {}, symbol ? h("em", {}, `${symbol}: `) : "", ...this.chips.slice(first, first + n).flatMap((chip, i) => (i ? [" ", chip] : [chip])));
    });
    this.promptBox.replaceChildren(h("h3", {}, `Play: ${this.prompt.title}`), h("ol", { tabindex: 0, "aria-label": "notes to play" }, ...groups.slice(0, 60)));
    groups[0]?.classList.add("pl-next");
  }

  progress(midi) {
    if (!this.prompt) return;
    const due = this.prompt.notes;
    const from = due[this.expected]?.onset_s;
    for (let i = this.expected; i < due.length && due[i].onset_s - from < 0.06; i++) {
      if (due[i].midi !== midi || this.chips[i].classList.contains("pl-done")) continue;
      this.chips[i].classList.add("pl-done");
      this.chips[i].prepend("✓ ");
      break;
    }
    while (this.chips[this.expected]?.classList.contains("pl-done")) this.expected++;
    for (const group of this.promptBox.querySelectorAll("li")) {
      group.classList.toggle("pl-done", !group.querySelector("span:not(.pl-done)"));
      group.classList.toggle("pl-next", group.contains(this.chips[this.expected] ?? null));
    }
  }

  // -- pictures

  redraw() {
    cancelAnimationFrame(this.frame);
    const step = () => {
      const now = performance.now();
      const wait = calm() ? 500 : 40;
      if (now - (this.drawn || 0) >= wait || this.state !== "running") {
        this.drawn = now;
        const seconds = this.heard ? this.heard.seconds + (this.state === "running" ? Math.min(0.2, (now - this.heard.at) / 1000) : 0) : 0;
        this.roll.draw(seconds);
        this.scope.draw(this.capture ? this.capture.recent() : this.recent, this.sr);
      }
      if (this.state === "running" || this.state === "stopping") this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  close() {
    clearInterval(this.watch);
    clearTimeout(this.saying);
    cancelAnimationFrame(this.frame);
    this.model.off("msg:custom", this.onMessage);
    document.removeEventListener("visibilitychange", this.onHidden);
    navigator.mediaDevices?.removeEventListener?.("devicechange", this.onDevices);
    if (this.state === "running" || this.state === "stopping") this.send({ type: "stop", session: this.session, frames: this.frames, dropped: this.dropped });
    this.release();
    this.state = "closed";
  }
}

export default {
  render({ model, el }) {
    const view = new View(model, el);
    return () => view.close();
  },
};
