/** Whether a server takes requests, and how many it has. */
export class Lifecycle {
  #active = 0;
  #isStopping = false;
  #tell: (() => void) | null = null;

  /** Whether it takes no more requests. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Notes that a request has begun. @returns what to call once it is over */
  begin(): () => void {
    this.#active++;
    return () => {
      this.#active--;
      if (this.#active === 0) this.#tell?.();
    };
  }

  /** Takes no more requests. @returns a promise of the end of those that it has */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#tell = resolve));
  }
}
