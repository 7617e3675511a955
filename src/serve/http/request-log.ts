/** A request as the log tells of it: never its texts, nor its token. */
export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly seconds: number;
  readonly adapter?: string;
  readonly inputs?: number;
  readonly problem?: string;
}

/** Writes a line of JSON for each event. */
export class RequestLog {
  readonly #write: (line: string) => void;

  /** @param write takes a line without its end */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  request({ seconds, ...rest }: LoggedRequest): void {
    this.event(rest.status >= 500 ? 'error' : 'info', 'request', { ...rest, ms: Math.round(seconds * 1000) });
  }

  event(level: 'info' | 'error', event: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#write(JSON.stringify({ time: new Date().toISOString(), level, event, ...fields }));
  }
}
