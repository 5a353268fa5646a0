// Who answers the page. The view knows nothing of it but this interface, so that the same page can speak with a kernel
// today, and with a server or a worker later.

const ENDED = ["restarting", "autorestarting", "terminating", "dead"]; // what JupyterLab and Voila call such a kernel

/**
 * @typedef {Object} Source
 * @property {function(Object, ArrayBuffer=): boolean} send Carries a message of pianolab/live/messages.py, with its
 *   samples. False if the connection is gone.
 * @property {?function(Object, DataView[]): void} onmessage Is called with every answer and the bytes that came with it.
 * @property {function(): void} close No answer comes after this.
 * @property {string} place "page" where a player can only reload, "lab" where cells can be run again.
 * @property {function(): string} cause Why no answer may come, as far as it is known: "restarted", "offline" (the
 *   connection is gone), "busy", "idle" (it has nothing to do), or "".
 */

/**
 * The kernel behind a notebook, through the model of an anywidget.
 * @implements {Source}
 */
export class KernelSource {
  constructor(model, place = "lab") {
    Object.assign(this, { model, place });
    this.onmessage = null;
    this.received = (content, buffers) => this.onmessage?.(content, buffers);
    model.on("msg:custom", this.received);
  }

  cause() {
    const { status, connectionStatus = "connected" } = this.model.widget_manager?.kernel ?? {};
    if (ENDED.includes(status)) return "restarted";
    if (connectionStatus !== "connected") return "offline";
    return ["busy", "idle"].includes(status) ? status : "";
  }

  send(message, buffer) {
    try {
      this.model.send(message, undefined, buffer ? [buffer] : []);
      return true;
    } catch {
      return false; // The comm is closed: the kernel was restarted or shut down.
    }
  }

  close() {
    this.model.off("msg:custom", this.received);
  }
}
