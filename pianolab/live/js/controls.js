// The head of the page: Start and Stop, whether the microphone is on, and how loud it is; and the field of the input.

import { h, uniqueId, word } from "./dom.js";

const FLOOR_DB = -80; // left end of the meter
const SILENT_DB = -100;
const HOLD = 0.985; // the mark of the loudest falls by this factor with every message
const FULL = 0.999; // from here on the sound is clipped
const CLIP_MS = 2000; // so long the sign of it stays

const share = (db) => `${Math.max(0, Math.min(100, (100 * (db - FLOOR_DB)) / -FLOOR_DB))}%`;

export class Controls {
  /** @param {function(): void} onPress Start or Stop was pressed. */
  constructor({ say }, onPress) {
    this.say = say;
    this.button = h("button", { type: "button", class: "pl-start", "aria-disabled": "true", onclick: onPress });
    this.sign = h("span", { class: "pl-sign" });
    this.input = h("select", { id: uniqueId(), class: "pl-source" }, h("option", { value: "" }, () => say("browser_microphone")));
    this.level = h("div", { class: "pl-fill" });
    this.held = h("div", { class: "pl-held" });
    const range = { "aria-valuemin": FLOOR_DB, "aria-valuemax": 0, "aria-valuenow": FLOOR_DB };
    const meter = { class: "pl-bar pl-level", role: "meter", "aria-label": () => say("loudness_meter"), ...range };
    this.meter = h("div", meter, this.level, this.held);
    this.loud = h("span", { class: "pl-loud" }, () => say("silent"));
    this.clip = h("strong", { class: "pl-clip", hidden: true }, "▲ ", () => say("clipping"));
    this.node = h("header", {}, this.button, this.sign,
      h("div", { class: "pl-loudness" },
        h("span", { class: "pl-loudness-title" }, () => say("loudness")), this.meter, this.loud, this.clip));
    this.field = h("span", { class: "pl-field" }, h("label", { for: this.input.id }, () => say("input")), " ", this.input);
    this.quiet();
  }

  /** Show how the session stands. */
  show({ state, on, from }) {
    word(this.button, () => this.say(on ? "stop" : "start"));
    // A button that is disabled would lose the keyboard; the session takes no press but in these states.
    this.button.setAttribute("aria-disabled", !["ready", "running"].includes(state));
    this.input.disabled = state !== "ready";
    word(this.sign, () => (on ? `● ${this.say(from ? "listening" : "microphone_on")}` : this.say("microphone_off")));
    this.sign.classList.toggle("pl-on", on);
  }

  /** What the player has chosen to hear: one of the kernel's sources, or a microphone of this browser. */
  get chosen() {
    const option = this.input.selectedOptions[0];
    const deviceId = option?.dataset.device ?? null;
    return { from: deviceId ? "" : option?.value ?? "", deviceId };
  }

  /** Offer the kernel's own sources; the same in another language leave the player's choice where it is. */
  offerSources(sources) {
    const chosen = this.input.selectedIndex;
    for (const option of [...this.input.options]) if (option.value && !option.dataset.device) option.remove();
    this.input.append(...sources.map(({ name, label }) => h("option", { value: name }, label)));
    this.input.selectedIndex = Math.min(chosen, this.input.options.length - 1);
  }

  /** Offer the browser's microphones; it names them only once one was allowed. */
  async offerDevices() {
    const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
    const devices = all.filter(({ kind, deviceId, label }) => kind === "audioinput" && deviceId && label);
    const chosen = this.input.value;
    for (const option of [...this.input.options]) if (option.dataset.device) option.remove();
    const options = devices.map(({ deviceId, label }) => h("option", { value: `device:${deviceId}`, "data-device": deviceId }, label));
    this.input.options[0].after(...options);
    if ([...this.input.options].some(({ value }) => value === chosen)) this.input.value = chosen;
  }

  quiet() {
    this.top = 0;
    this.loudness(-120, 0);
  }

  /** @param {number} level Of the last block, dBFS. @param {number} peak Its loudest sample. */
  loudness(level, peak) {
    this.level.style.width = share(level);
    this.top = Math.max(peak, this.top * HOLD);
    this.held.style.left = share(20 * Math.log10(Math.max(this.top, 1e-5)));
    word(this.loud, level <= SILENT_DB
      ? () => this.say("silent")
      : () => this.say("level", { db: `${Math.round(level)}`.replace("-", "−") }));
    this.meter.setAttribute("aria-valuenow", Math.round(Math.max(FLOOR_DB, level)));
    if (peak >= FULL) this.clipped = performance.now();
    this.clip.hidden = !(performance.now() - this.clipped < CLIP_MS);
  }
}
