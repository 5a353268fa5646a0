// Who holds the microphone of this browser page: a notebook may show several keyboards beside each other.

const PLACE = Symbol.for("pianolab.microphone");

export class Holder {
  constructor() {
    this.session = null;
  }

  /** The one of this page, which all keyboards on it share, also those that were loaded apart. */
  static ofPage() {
    return (globalThis[PLACE] ??= new Holder());
  }

  /** Returns whether the microphone is this session's now. */
  take(session) {
    this.session ??= session;
    return this.session === session;
  }

  release(session) {
    if (this.session === session) this.session = null;
  }
}
