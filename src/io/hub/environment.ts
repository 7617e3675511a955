import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { environmentVariable } from '../../environment.ts';
import { InputError } from '../../errors.ts';

/** The address of the hub and the folder of its files, by the variables that all programs of Hugging Face share. */
export interface HubEnvironment {
  /** The address of the hub, without a slash at its end: `HF_ENDPOINT`. */
  readonly endpoint: string;
  /** The folder of all cached repositories: `HF_HUB_CACHE`, or `hub` in `HF_HOME`. */
  readonly cache: string;
  /** `HF_TOKEN`, or what `HF_TOKEN_PATH` or `HF_HOME/token` holds. */
  readonly token: string | undefined;
  /** No request is made: `HF_HUB_OFFLINE`. */
  readonly offline: boolean;
  /** Milliseconds without a byte after which a connection is closed: `HF_HUB_DOWNLOAD_TIMEOUT`, in seconds. */
  readonly timeout: number;
}

/**
 * Reads the variables.
 *
 * @param variables default: those of the process
 * @throws InputError naming the one that cannot be used
 */
export function hubEnvironment(variables?: Readonly<Record<string, string | undefined>>): HubEnvironment {
  // An empty variable is one that is not set.
  const read = (name: string): string | undefined =>
    (variables ? variables[name] : environmentVariable(name))?.trim() || undefined;
  const path = (name: string): string | undefined => read(name)?.replace(/^~(?=$|[/\\])/, homedir());
  const home = path('HF_HOME') ?? join(path('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'huggingface');
  return {
    endpoint: parseEndpoint(read('HF_ENDPOINT') ?? 'https://huggingface.co'),
    cache: path('HF_HUB_CACHE') ?? path('HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub'),
    token: read('HF_TOKEN') ?? storedToken(path('HF_TOKEN_PATH') ?? join(home, 'token')),
    offline: /^(1|on|yes|true)$/i.test(read('HF_HUB_OFFLINE') ?? ''),
    timeout: 1000 * parseSeconds(read('HF_HUB_DOWNLOAD_TIMEOUT') ?? '10'),
  };
}

function parseEndpoint(text: string): string {
  const { protocol, username = '', password = '', search = '' } = URL.canParse(text) ? new URL(text) : {};
  if (username || password || search) {
    throw new InputError('HF_ENDPOINT must be an address without a name, a password or a query; use HF_TOKEN.');
  }
  if (protocol === 'https:' || protocol === 'http:') return text.replace(/\/+$/, '');
  throw new InputError(`HF_ENDPOINT is '${text}'; it must be an address such as https://huggingface.co.`);
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && Number.isFinite(seconds)) return seconds;
  throw new InputError(`HF_HUB_DOWNLOAD_TIMEOUT is '${text}'; it must be a number of seconds.`);
}

function storedToken(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined; // most users have none
  }
}
