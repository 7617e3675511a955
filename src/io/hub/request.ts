import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../../errors.ts';
import type { HubEnvironment } from './environment.ts';
import { describe, type HubRepository } from './repository.ts';

/** Whether to ask again: a refusal stays, who is busy may answer next time, and nobody can be reached without a network. */
type Kind = 'refused' | 'busy' | 'unreachable';

/** Why the hub gave no answer, or another one than was asked for. The message begins with the address of the hub. */
export class HubError extends InputError {
  readonly kind: Kind;

  constructor(message: string, kind: Kind = 'refused', options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/**
 * What the hub's library calls in place of `fetch`: it throws a {@link HubError} for what is no success.
 *
 * @param signal gives a request up, and the answer while it is read
 */
export function hubFetch(environment: HubEnvironment, repository: HubRepository, signal?: AbortSignal) {
  return async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    let response: Response;
    try {
      response = await fetch(input, { ...init, signal: signal ?? AbortSignal.timeout(environment.timeout) });
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
export async function patiently<T>(request: () => Promise<T>): Promise<T> {
  for (const wait of PAUSES) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof HubError) || error.kind !== 'busy') throw error;
      await pause(wait);
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
function unreachable(error: unknown, { endpoint }: HubEnvironment): HubError {
  const code = codeOf(error);
  const isHopeless = ['ENOTFOUND', 'ECONNREFUSED', 'ENETUNREACH', 'EAI_AGAIN'].includes(code ?? '');
  const reason = code ?? (error instanceof Error ? error.message : String(error));
  return new HubError(
    `${endpoint} cannot be reached (${reason}); connect to the network, or give a folder with the files.`,
    isHopeless ? 'unreachable' : 'busy',
    { cause: error },
  );
}

/** What a status means; the hub tells more in a header of its own. */
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
  const problem = `${endpoint} answered ${status} when asked for ${describe(repository)}; try again later.`;
  return new HubError(problem, isBusy ? 'busy' : 'refused');
}
