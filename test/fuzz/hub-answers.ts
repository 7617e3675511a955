/**
 * A hub without a server: what `fetch` gives follows from a script of answers, one for each route of the hub. Waiting takes no
 * time, and what was asked for, sent and waited for is kept.
 */
import { createHash } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

export const HUB = 'https://hub.example';
const ELSEWHERE = 'https://elsewhere.example';
export const TOKEN = 'hf_secretsecret';
export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** A connection that fails, or an answer. Everything in it may be of any type. */
interface Answer {
  readonly fails?: unknown;
  readonly status?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  /** The connection breaks after so many bytes. */
  readonly breaksAfter?: unknown;
  /** Bytes are sent from the first on, whichever were asked for. */
  readonly ignoresRange?: unknown;
}

export interface Script {
  readonly info?: unknown;
  /** One after the other. */
  readonly pages?: unknown;
  /** By path. */
  readonly files?: unknown;
}

/** The requests and answers that went over the wire. */
export class Traffic {
  requests = 0;
  waited = 0;
  longestWait = 0;
  /** Hosts that got the token. */
  readonly trusted = new Set<string>();
}

let script: Script = {};
let traffic = new Traffic();
let pages = 0;

/** From now on the hub answers so. */
export function follow(next: Script): Traffic {
  [script, traffic, pages] = [next, new Traffic(), 0];
  return traffic;
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

function answerTo({ pathname }: URL): unknown {
  if (pathname.includes('/revision/')) return script.info;
  if (pathname.includes('/tree/')) {
    const list = Array.isArray(script.pages) ? script.pages : [];
    return list[Math.min(pages++, list.length - 1)];
  }
  const path = decodeURIComponent(pathname.split('/resolve/')[1]?.split('/').slice(1).join('/') ?? '');
  return Object.entries(fieldsOf(script.files)).find(([name]) => name === path)?.[1];
}

/** The parts of a body, which may break off. */
function stream(bytes: Uint8Array, breaksAfter: number): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent >= breaksAfter) return controller.error(new TypeError('terminated'));
      if (sent >= bytes.length) return controller.close();
      const part = bytes.slice(sent, Math.min(sent + 16, breaksAfter, bytes.length));
      sent += part.length;
      controller.enqueue(part);
    },
  });
}

/** @throws TypeError, as `fetch`, where the connection fails or the answer is none */
async function respond(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  if (++traffic.requests > 5000) throw new Error('requests without end');
  const url = new URL(input instanceof Request ? input.url : String(input));
  const sent = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
  if (sent.has('Authorization')) traffic.trusted.add(url.origin);
  init.signal?.throwIfAborted();
  const answer = answerTo(url);
  if (answer === undefined) return new Response('none', { status: 404 });
  const { fails, status, headers, body, breaksAfter, ignoresRange } = fieldsOf(answer) as Answer;
  if (fails) throw new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: fails }) });
  const code = Number(status ?? 200);
  if (code >= 300 && code < 400 && init.redirect !== 'manual') {
    const place = new URL(String(fieldsOf(headers).Location), url);
    // As `fetch` does by itself.
    if (place.origin !== url.origin) sent.delete('Authorization');
    return respond(place, { ...init, headers: sent });
  }
  const whole = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body ?? null));
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(sent.get('Range') ?? '') ?? [];
  const isPart = first !== undefined && code === 200 && !ignoresRange;
  const part = isPart ? whole.slice(Number(first), last === '' ? undefined : Number(last) + 1) : whole;
  const all = new Headers(fieldsOf(headers) as Record<string, string>);
  if (isPart) all.set('Content-Range', `bytes ${first}-${last || whole.length - 1}/${whole.length}`);
  const isEmpty = [204, 205, 304].includes(code);
  const limit = typeof breaksAfter === 'number' ? Math.max(0, Math.floor(breaksAfter)) : Number.POSITIVE_INFINITY;
  return new Response(isEmpty ? null : stream(part, limit), { status: isPart ? 206 : code, headers: all });
}

/** Takes the place of the network and of waiting in this thread. */
export function install(): void {
  globalThis.fetch = respond as typeof fetch;
  timers.setTimeout = (async (milliseconds: number, value: unknown) => {
    traffic.waited += milliseconds;
    traffic.longestWait = Math.max(traffic.longestWait, milliseconds);
    return value;
  }) as typeof timers.setTimeout;
  syncBuiltinESMExports();
}

const sha = (algorithm: 'sha1' | 'sha256', ...parts: (string | Uint8Array)[]): string => {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** Whether a name in the cache is the hash of the bytes. */
export const isHashOf = (name: string, bytes: Uint8Array): boolean =>
  name === sha('sha256', bytes) || name === sha('sha1', `blob ${bytes.length}\0`, bytes);

const contents = {
  'config.json': '{"model_type": "bert"}',
  'vocab.txt': '[PAD]\n[UNK]\n',
  'model.safetensors': 'weights',
};
const sharded = {
  'config.json': contents['config.json'],
  'tokenizer.json': '{}',
  'model.safetensors.index.json': '{"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}',
  'one.safetensors': 'first',
  'two.safetensors': 'second',
};

function entryOf([path, content]: [string, string]): object {
  const size = Buffer.byteLength(content);
  const oid = sha('sha1', `blob ${size}\0`, content);
  return { type: 'file', path, size, oid, ...(path.endsWith('s') && { lfs: { oid: sha('sha256', content), size } }) };
}

/** Answers that are right: a listing of one page or of two, files at once or behind a redirection, small and in shards. */
export const scripts: readonly string[] = [contents, sharded].map((files) => {
  const entries = Object.entries(files).map(entryOf);
  const next = `<${HUB}/api/models/org/tiny/tree/${COMMIT}?cursor=1>; rel="next"`;
  const fileAnswers = Object.entries(files).map(([path, body]) => [
    path,
    {
      status: 200,
      headers: { ETag: '"x"', 'Retry-After': '1' },
      body,
      breaksAfter: null,
      ignoresRange: false,
      fails: '',
    },
  ]);
  return JSON.stringify({
    info: { status: 200, headers: { 'X-Error-Code': '' }, body: { id: 'org/tiny', sha: COMMIT } },
    pages: [
      { status: 200, headers: { Link: next }, body: entries.slice(0, 2) },
      { status: 200, headers: { Link: `<${ELSEWHERE}/x>; rel="prev"` }, body: entries.slice(2) },
    ],
    files: Object.fromEntries(fileAnswers),
  });
});
