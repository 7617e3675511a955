import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../../errors.ts';
import type { HubEnvironment } from './environment.ts';
import { MAX_WAIT_MS } from './limits.ts';
import { describe, type HubRepository } from './repository.ts';

/** The kind of a failure, which decides whether to ask again: a refusal stays, a busy server may answer next time, and without a network none can be reached. */
type FailureKind = 'refused' | 'busy' | 'unreachable';

/** Why the hub gave no answer, or another one than was asked for. The message begins with the address of the hub. */
export class HubError extends InputError {
  readonly kind: FailureKind;
  /** Milliseconds that the hub asks to wait, if it says so. */
  readonly retryAfter: number | undefined;

  constructor(
    message: string,
    kind: FailureKind = 'refused',
    { retryAfter, ...options }: ErrorOptions & { readonly retryAfter?: number } = {},
  ) {
    super(message, options);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

/** The text without the token, which the messages of `fetch` may show. */
const withoutToken = (text: string, { token }: HubEnvironment): string =>
  token ? text.replaceAll(token, 'hf_…') : text;

/**
 * The headers of a request. Redirections and lists of pages lead to other hosts, and the library would send them the token
 * as well: it is meant for the hub alone.
 */
function headersFor(url: string, given: RequestInit['headers'], { endpoint }: HubEnvironment): Headers {
  const headers = new Headers(given);
  if (new URL(url).origin !== new URL(endpoint).origin) headers.delete('Authorization');
  return headers;
}

export type HubFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * A `fetch` for the hub's library: it throws a {@link HubError} for what is no success.
 *
 * @param signal gives a request up, and the answer while it is read
 */
export function hubFetch(environment: HubEnvironment, repository: HubRepository, signal?: AbortSignal): HubFetch {
  return async (input, init) => {
    let response: Response;
    try {
      const headers = headersFor(input instanceof Request ? input.url : String(input), init?.headers, environment);
      response = await fetch(input, { ...init, headers, signal: signal ?? AbortSignal.timeout(environment.timeout) });
    } catch (error) {
      throw unreachable(error, environment);
    }
    if (response.ok) return response;
    await response.body?.cancel();
    throw refusal(response, environment, repository);
  };
}

/** Before the second attempt and the third, in milliseconds. */
const PAUSES = [500, 1500];

/** The result of a request, which is made again while the hub is busy. */
export async function withRetries<T>(request: () => Promise<T>): Promise<T> {
  for (const wait of PAUSES) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof HubError) || error.kind !== 'busy') throw error;
      await pause(error.retryAfter ?? wait);
    }
  }
  return request();
}

/** The code of the operating system below a failed `fetch`. */
function codeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** A connection that broke is made again; without a network or a hub that is of no use. */
function unreachable(error: unknown, environment: HubEnvironment): HubError {
  const { endpoint } = environment;
  const code = codeOf(error);
  const isHopeless = ['ENOTFOUND', 'ECONNREFUSED', 'ENETUNREACH', 'EAI_AGAIN'].includes(code ?? '');
  const reason = code ?? withoutToken(error instanceof Error ? error.message : String(error), environment);
  return new HubError(
    `${endpoint} cannot be reached (${reason}); connect to the network, or give a folder with the files.`,
    isHopeless ? 'unreachable' : 'busy',
    { cause: error },
  );
}

/** Milliseconds that a `Retry-After` asks for, in seconds or as a date; undefined if it asks for none. */
function retryAfterOf(headers: Headers): number | undefined {
  const text = headers.get('Retry-After')?.trim();
  if (!text) return undefined;
  const wait = /^\d+$/.test(text) ? 1000 * Number(text) : Date.parse(text) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** Returns the meaning of a status; the hub tells more in a header of its own. */
function refusal(
  { status, headers }: Response,
  { endpoint, token }: HubEnvironment,
  repository: HubRepository,
): HubError {
  const { type, name, revision } = repository;
  const code = headers.get('X-Error-Code');
  const page = `${endpoint}/${type === 'dataset' ? 'datasets/' : ''}${name}`;
  if (code === 'RevisionNotFound') return new HubError(`${endpoint} has no revision '${revision}' of ${name}.`);
  if (code === 'GatedRepo' || status === 403) {
    const remedy = token
      ? `ask for access on ${page} with the account of your token`
      : `ask for access on ${page}, then set HF_TOKEN to a token of that account`;
    return new HubError(`${endpoint} gives ${name} only to those who were granted access: ${remedy}.`);
  }
  if (status === 401) {
    const remedy = token ? 'the token has no access to it, or is no longer valid' : 'if it is private, set HF_TOKEN';
    return new HubError(`${endpoint} shows no ${type} ${name}: check the name; ${remedy}.`);
  }
  if (status === 404) return new HubError(`${endpoint} has no ${type} ${name}: check the name.`);
  const isBusy = status === 429 || status >= 500;
  const retryAfter = isBusy ? retryAfterOf(headers) : undefined;
  const isTooLong = retryAfter !== undefined && retryAfter > MAX_WAIT_MS;
  const when = isTooLong ? `in ${Math.ceil(retryAfter / 1000)} s, as it asks for` : 'later';
  const problem = `${endpoint} answered ${status} when asked for ${describe(repository)}; try again ${when}.`;
  return new HubError(problem, isBusy && !isTooLong ? 'busy' : 'refused', { retryAfter });
}
