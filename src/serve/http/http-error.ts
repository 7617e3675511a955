/** Why a request is refused. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  /** One word for programs. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** Seconds after which to ask again. */
const LATER = { 'Retry-After': '1' };

export const queueFull = (): HttpError =>
  new HttpError(429, 'queue_full', 'Too many texts wait for an answer; ask again later.', LATER);
export const clientGone = (): HttpError => new HttpError(499, 'client_gone', 'The client has gone.');
export const isStopping = (): HttpError =>
  new HttpError(503, 'stopping', 'The server is stopping and takes no more requests.', LATER);
