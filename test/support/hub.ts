import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '../io/temporary.ts';

type RepositoryType = 'model' | 'dataset';
type Files = Readonly<Record<string, Uint8Array | string>>;

export interface ServedRepository {
  readonly type?: RepositoryType;
  readonly name: string;
  readonly files: Files;
  /** Further paths that the listing names. */
  readonly lists?: readonly string[];
  /** Answers of the hub in place of the files: to everything, or when a file is asked for. */
  readonly refuses?: { readonly status: number; readonly code?: string; readonly at: 'everything' | 'files' };
}

/** A fault in the delivery of a file. */
export interface Fault {
  /** The connection breaks after so many bytes of each answer. */
  readonly breakAfter?: number;
  /** So often; default: always. */
  readonly times?: number;
  /** Other bytes are sent. */
  readonly sends?: Uint8Array;
  /** Nothing more is sent after so many bytes, and the connection stays open. */
  readonly stallAfter?: number;
  /** Milliseconds between the pieces of an answer. */
  readonly slow?: number;
}

const sha = (algorithm: 'sha1' | 'sha256', ...parts: (string | Uint8Array)[]): string => {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};
export const sha256 = (bytes: string | Uint8Array): string => sha('sha256', bytes);
export const gitHash = (bytes: string | Uint8Array): string => sha('sha1', `blob ${sizeOf(bytes)}\0`, bytes);

const sizeOf = (content: string | Uint8Array): number => Buffer.from(content as Uint8Array).length;

/** Large files are stored apart, as with Git LFS. */
const isLarge = (path: string): boolean => /\.(safetensors|parquet)$/.test(path);

/**
 * A hub on this machine with the routes of the real one: the commit of a revision, the listing of a commit (in pages), files
 * with ranges (large ones by a redirect; for weights it also offers its newer way in chunks).
 */
export class Hub {
  readonly requests: string[] = [];
  /** Of the files that are asked for, by path. */
  readonly faults = new Map<string, Fault>();
  /** The body of answers served from `resolve` and behind it, by path. */
  readonly sentBytes = new Map<string, number>();
  /** Answers in place of the hub where it returns true. */
  hook: ((request: IncomingMessage, response: ServerResponse, url: URL) => boolean) | undefined;
  /** `Authorization` headers that came. */
  readonly authorizations = new Set<string>();
  readonly #server = createServer((request, response) => this.#answer(request, response));
  readonly #repositories: ServedRepository[];

  constructor(...repositories: ServedRepository[]) {
    this.#repositories = repositories;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  commit(name: string, type: RepositoryType = 'model'): string {
    const { files } = this.#find(name, type) as ServedRepository;
    return sha('sha1', ...Object.entries(files).flat());
  }

  replace(repository: ServedRepository): void {
    const index = this.#repositories.findIndex(({ name }) => name === repository.name);
    this.#repositories[index] = repository;
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #find(name: string, type: RepositoryType): ServedRepository | undefined {
    return this.#repositories.find((repository) => repository.name === name && (repository.type ?? 'model') === type);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.address);
    const { pathname, searchParams } = url;
    this.requests.push(`${request.method} ${pathname}`);
    if (request.headers.authorization) this.authorizations.add(request.headers.authorization);
    if (this.hook?.(request, response, url)) return;
    const api = /^\/api\/(model|dataset)s\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)$/.exec(pathname);
    const resolve = /^\/(datasets\/)?([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname);
    const stored = /^\/stored\/([0-9a-f]{64})\/(.+)$/.exec(pathname);
    if (stored) this.#sendStored(request, response, stored[1], stored[2]);
    else if (api) this.#tell(response, api, searchParams);
    else if (resolve) this.#sendFile(request, response, resolve);
    else refuse(response, 404);
  }

  /** The repository at a commit, or the reason why it is not shown. */
  #open(response: ServerResponse, type: RepositoryType, name: string, revision: string, at: 'everything' | 'files') {
    const repository = this.#find(name, type);
    const { refuses } = repository ?? {};
    if (!repository) refuse(response, 404, 'RepoNotFound');
    else if (refuses && (refuses.at === 'everything' || at === 'files')) refuse(response, refuses.status, refuses.code);
    else if (!['main', 'refs/pr/1', this.commit(name, type)].includes(decodeURIComponent(revision)))
      refuse(response, 404, 'RevisionNotFound');
    else return repository;
  }

  #tell(response: ServerResponse, [pathname, kind, name, what, revision]: string[], query: URLSearchParams): void {
    const type = kind as RepositoryType;
    const repository = this.#open(response, type, name, revision, 'everything');
    if (!repository) return;
    if (what === 'tree') this.#list(response, repository, pathname, query);
    else json(response, { id: name, sha: this.commit(name, type), lastModified: '2026-01-01' });
  }

  #sendFile(request: IncomingMessage, response: ServerResponse, [, dataset, name, revision, path]: string[]): void {
    const type = dataset ? 'dataset' : 'model';
    const repository = this.#open(response, type, name, revision, 'files');
    if (!repository) return;
    const content = repository.files[decodeURIComponent(path)];
    response.setHeader('X-Repo-Commit', this.commit(name, type));
    if (content === undefined) {
      refuse(response, 404, 'EntryNotFound');
    } else if (isLarge(path)) {
      const etag = sha256(content);
      const headers = { 'X-Linked-ETag': `"${etag}"`, 'X-Linked-Size': String(sizeOf(content)) };
      const asksForChunks = request.headers.accept?.includes('xet-fileinfo') && path.endsWith('.safetensors');
      if (asksForChunks) {
        const links = ['xet-auth', 'xet-reconstruction-info'].map((rel) => `<${this.address}/chunks>; rel="${rel}"`);
        const type = 'application/vnd.xet-fileinfo+json';
        response
          .writeHead(200, { ...headers, 'X-Xet-Hash': etag, Link: links.join(', '), 'Content-Type': type })
          .end('{}');
      } else {
        response.writeHead(302, { ...headers, Location: `/stored/${etag}/${path}` }).end();
      }
    } else {
      response.setHeader('ETag', `"${gitHash(content)}"`);
      this.#send(request, response, path, content);
    }
  }

  #sendStored(request: IncomingMessage, response: ServerResponse, hash: string, path: string): void {
    const all = this.#repositories.flatMap(({ files }) => Object.values(files));
    const content = all.find((file) => sha256(file) === hash);
    response.setHeader('ETag', `"${hash}"`);
    if (content === undefined) refuse(response, 404);
    else this.#send(request, response, path, content);
  }

  /** Two entries a page. */
  #list(response: ServerResponse, { files, lists }: ServedRepository, pathname: string, query: URLSearchParams): void {
    const recursive = query.get('recursive') === 'true';
    const paths = [...Object.keys(files).filter((path) => recursive || !path.includes('/')), ...(lists ?? [])];
    const folders = [...new Set(Object.keys(files).flatMap((path) => path.split('/').slice(0, -1)))];
    const entries = [
      ...folders.map((path) => ({ type: 'directory', path, size: 0, oid: gitHash(path) })),
      ...paths.map((path) => {
        const content = files[path] ?? '';
        const lfs = { oid: sha256(content), size: sizeOf(content), pointerSize: 130 };
        const pointer = isLarge(path) ? { oid: gitHash(lfs.oid), lfs } : { oid: gitHash(content) };
        return { type: 'file', path, size: lfs.size, ...pointer };
      }),
    ];
    const begin = Number(query.get('cursor') ?? 0);
    if (begin + 2 < entries.length) {
      const next = new URLSearchParams({ ...Object.fromEntries(query), cursor: String(begin + 2) });
      response.setHeader('Link', `<${this.address}${pathname}?${next}>; rel="next"`);
    }
    json(response, entries.slice(begin, begin + 2));
  }

  #send(request: IncomingMessage, response: ServerResponse, path: string, content: Uint8Array | string): void {
    const fault = this.faults.get(path);
    const whole = Buffer.from(fault?.sends ?? (content as Uint8Array));
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const [begin, end] = [Number(first ?? 0), Math.min(Number(last ?? whole.length - 1) + 1, whole.length)];
    const body = whole.subarray(begin, end);
    if (first !== undefined) response.setHeader('Content-Range', `bytes ${begin}-${end - 1}/${whole.length}`);
    response.writeHead(first === undefined ? 200 : 206, { 'Content-Length': body.length });
    // The library asks for the first byte to learn the size.
    if (first === '0' && last === '0') response.end(body);
    else this.#sendBody(response, path, body, fault).catch(() => response.destroy());
  }

  async #sendBody(response: ServerResponse, path: string, body: Uint8Array, fault: Fault = {}): Promise<void> {
    const limit = fault.breakAfter ?? fault.stallAfter ?? body.length;
    const isBroken = limit < body.length && fault.times !== 0;
    if (isBroken && fault.times !== undefined) this.faults.set(path, { ...fault, times: fault.times - 1 });
    const part = isBroken ? body.subarray(0, limit) : body;
    const piece = Math.max(1, Math.ceil(part.length / 4));
    for (let begin = 0; begin < part.length; begin += piece) {
      if (fault.slow) await new Promise((resolve) => setTimeout(resolve, fault.slow));
      const bytes = part.subarray(begin, begin + piece);
      await new Promise((resolve) => response.write(bytes, resolve));
      this.sentBytes.set(path, (this.sentBytes.get(path) ?? 0) + bytes.length);
    }
    if (!isBroken) response.end();
    else if (fault.stallAfter === undefined) response.destroy();
  }
}

function refuse(response: ServerResponse, status: number, code?: string): void {
  response.writeHead(status, code ? { 'X-Error-Code': code } : {}).end('refused');
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value));
}

export interface HubSession {
  readonly hub: Hub;
  /** `HF_HOME`. */
  readonly home: string;
  /** The folder of a repository in the cache. */
  readonly folder: (name: string) => string;
}

/** Runs `action` with a hub of its own and an empty cache, by the variables of Hugging Face. */
export async function withHub(
  repositories: readonly ServedRepository[],
  action: (session: HubSession) => Promise<void>,
  variables: Readonly<Record<string, string>> = {},
): Promise<void> {
  const hub = new Hub(...repositories);
  await hub.start();
  const home = temporaryFolder();
  const set: Record<string, string | undefined> = {
    HF_HOME: home,
    HF_ENDPOINT: hub.address,
    HF_HUB_DOWNLOAD_TIMEOUT: '1',
    HF_HUB_CACHE: undefined,
    HUGGINGFACE_HUB_CACHE: undefined,
    HF_HUB_OFFLINE: undefined,
    HF_TOKEN: undefined,
    HF_TOKEN_PATH: undefined,
    ...variables,
  };
  const before = Object.fromEntries(Object.keys(set).map((name) => [name, process.env[name]]));
  setVariables(set);
  try {
    await action({ hub, home, folder: (name) => join(home, 'hub', name) });
  } finally {
    setVariables(before);
    await hub.stop();
  }
}

export function setVariables(values: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
