// What a player sets for the page itself: note names, takes on disk, signs at every note, the sound back.

import { h, labelled, tick } from "./dom.js";

export class Settings {
  /**
   * @param {Object} does What the page does: `rename()`, `monitor()`.
   */
  constructor({ say, names }, does) {
    this.names = names;
    this.style = h("select", { class: "pl-style" });
    this.style.addEventListener("change", () => {
      names.style = this.style.value;
      does.rename();
    });
    this.keep = tick(() => say("keep"), "pl-keep");
    this.flash = tick(() => say("flash"), "pl-flash-switch");
    this.vibrate = tick(() => say(navigator.vibrate ? "vibrate" : "vibrate_cannot"), "pl-buzz-switch");
    this.vibrate.input.disabled = !navigator.vibrate;
    const ways = ["off", "gain", "band"].map((mode) => h("option", { value: mode }, () => say(`back.${mode}`)));
    this.back = h("select", { class: "pl-monitor", onchange: does.monitor }, ...ways);
    this.volume = h("input", { type: "range", min: 0, max: 2, step: 0.05, value: 0.5, oninput: does.monitor });
    this.node = h("section", { class: "pl-settings" },
      labelled(() => say("note_names"), this.style),
      this.keep.node, this.flash.node, this.vibrate.node,
      h("details", {}, h("summary", {}, () => say("back")),
        h("p", { class: "pl-warning" }, () => say("back.warning")),
        labelled(() => say("back.sound"), this.back),
        labelled(() => say("back.loud"), this.volume)));
  }

  /** Offer the styles of note names that the kernel knows. */
  offerStyles(tables) {
    this.names.learn(tables);
    const option = (style) => h("option", { value: style, selected: style === this.names.style }, this.names.sample(style));
    this.style.replaceChildren(...Object.keys(tables).map(option));
  }

  /** Whether takes are kept at first, and where. */
  offerKeeping(keep, folder) {
    this.keep.input.checked = keep;
    this.keep.label.title = folder;
  }

  /** How every note is signalled. */
  get signals() {
    return { flash: this.flash.input.checked, vibrate: this.vibrate.input.checked };
  }
}
