// What anywidget loads: a view for every place in which the widget is shown.

import en from "../../texts/en/page.json";
import ko from "../../texts/ko/page.json";
import { Capture } from "./capture.js";
import { KernelSource } from "./source.js";
import { Texts } from "./texts.js";
import { View } from "./view.js";
import worklet from "./worklet.js?text";

export default {
  render({ model, el }) {
    const place = document.body.dataset.voila ? "page" : "lab"; // Voila has no menu: there a page can only be reloaded.
    const microphone = (onBlock, onTrouble) => new Capture(worklet, onBlock, onTrouble);
    const view = new View(el, new KernelSource(model, place), new Texts({ en, ko }), microphone);
    return () => view.close();
  },
};
