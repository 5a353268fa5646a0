// A take: the microphone, the connection and the sitting, opened together and closed together.

import { asMessage, commandsOf } from "./choice.js";
import { Capture, MicrophoneError } from "./capture.js";
import { Link, address } from "./link.js";
import { Sitting } from "./sitting.js";

export class Take {
  /**
   * @param {string} token
   * @param {{told: function(object), changed: function(), failed: function(string)}} acts `failed` gets the key of a text.
   */
  constructor(token, acts) {
    Object.assign(this, { token, acts });
    this.sitting = new Sitting((message) => this.link?.send(message), () => acts.changed());
  }

  /** Open all, and begin what is chosen. */
  async start(choice, language) {
    this.capture = new Capture((block) => this.link?.sound(block), () => this.fail("microphone.unplugged"));
    let sr;
    try {
      sr = await this.capture.open();
    } catch (error) {
      this.fail(error instanceof MicrophoneError ? error.code : "microphone.failed");
      return;
    }
    const hello = { sr, language, names: choice.names, detector: choice.detector || null };
    const greeting = { hello, choice: asMessage(choice), commands: commandsOf(choice) };
    const link = new Link(new WebSocket(address(location, this.token)), sr, {
      opened: () => this.sitting.start(greeting),
      told: (message) => this.take(message),
      closed: () => { if (link === this.link) this.fail("error.away"); }, // An earlier one may close late.
    });
    this.link = link;
  }

  take(message) {
    if (message.type === "welcome") this.capture.run();
    this.sitting.message(message);
    this.acts.told(message);
  }

  fail(key) {
    this.end();
    this.acts.failed(key);
  }

  /** Let go of the microphone and the program. */
  end() {
    const { link } = this;
    this.link = null;
    link?.close();
    this.capture?.close();
    this.sitting.closed();
  }
}
