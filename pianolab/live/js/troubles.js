// Every failure that a player can meet has a code; the catalogue says of each what happened and what to do.

export const CODES = [
  "denied", "unanswered", "nodevice", "inuse", "gone", "held", "insecure", "nosound", "unplugged", "muted", "zeros",
  "suspended", "worklet", "processor", "silent", "offline", "slow", "hidden", "other",
  // What a player can do depends on the page: in JupyterLab cells can be run again, elsewhere the page is reloaded.
  "busy", "busy_page", "frozen", "frozen_page", "restarted", "restarted_page", "reopened",
];

/** Troubles of a kernel that does not answer: an answer ends them. */
export const UNANSWERED = ["silent", "offline", "busy", "busy_page", "frozen", "frozen_page", "reopened"];
/** Troubles of a microphone that is on: they end with it. */
export const OF_MICROPHONE = ["muted", "suspended", "zeros", "slow"];

// What getUserMedia throws, by the name of its error.
const CAPTURE_ERRORS = {
  NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "nodevice", OverconstrainedError: "gone",
  NotReadableError: "inuse", AbortError: "inuse",
};

export const captureCode = (error) => CAPTURE_ERRORS[error.name] ?? "other";

/** A failure with its code; the detail is what the browser said. */
export class Trouble extends Error {
  constructor(code, detail = "") {
    super(detail || code);
    this.code = code;
    this.detail = detail;
  }
}

/** The failures that hold now, oldest first, each with what more there is to say of it. */
export class Troubles {
  constructor() {
    this.now = new Map(); // code -> a function that words what more there is to say, or null
  }

  add(code, more = null) {
    this.now.set(code, more);
  }

  /** Returns whether there was anything to clear. */
  clear(...codes) {
    return codes.map((code) => this.now.delete(code)).some(Boolean);
  }

  clearAll() {
    this.now.clear();
  }

  has(code) {
    return this.now.has(code);
  }
}
