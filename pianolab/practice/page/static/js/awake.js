// The screen stays on while one plays: nobody touches the computer then. Where a browser cannot do that, nothing happens.

export class Awake {
  /** @param {{request: function(string): Promise}|undefined} wakeLock Of the navigator. */
  constructor(wakeLock) {
    this.wakeLock = wakeLock;
    this.wished = false;
    this.lock = null;
  }

  async keep(wished) {
    this.wished = wished;
    if (!wished) {
      this.lock?.release();
      this.lock = null;
    } else if (!this.lock && this.wakeLock) {
      const lock = await this.wakeLock.request("screen").catch(() => null); // A battery that is low may refuse it.
      if (this.wished && !this.lock) this.lock = lock;
      else lock?.release(); // It is no longer wished.
      lock?.addEventListener("release", () => { if (this.lock === lock) this.lock = null; });
    }
  }
}
