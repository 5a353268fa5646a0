// The connection: messages as JSON, sound as 16-bit samples. What cannot be sent in time is said to be missing.

const LATE_S = 0.5; // Sound that waits for longer is not sent.

export class Link {
  /**
   * @param {WebSocket} socket
   * @param {number} sr Of the sound, in Hz.
   * @param {{opened: function, told: function(object), closed: function(number)}} heard
   */
  constructor(socket, sr, heard) {
    Object.assign(this, { socket, sr });
    socket.binaryType = "arraybuffer";
    socket.onopen = heard.opened;
    socket.onmessage = ({ data }) => heard.told(JSON.parse(data));
    socket.onclose = ({ code }) => heard.closed(code);
  }

  get open() {
    return this.socket.readyState === 1;
  }

  send(message) {
    if (this.open) this.socket.send(JSON.stringify(message));
  }

  /** A block of sound, or how many samples never came. */
  sound({ pcm, missing }) {
    if (!this.open) return;
    const late = this.socket.bufferedAmount > 2 * LATE_S * this.sr;
    if (missing || late) this.send({ type: "missing", samples: missing ?? pcm.byteLength / 2 });
    else this.socket.send(pcm);
  }

  close() {
    this.socket.close();
  }
}

/** The address of the sitting, beside that of the page. */
export function address({ protocol, host }, token) {
  return `${protocol === "https:" ? "wss" : "ws"}://${host}/practice/live?token=${encodeURIComponent(token)}`;
}
