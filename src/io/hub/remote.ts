import * as v from 'valibot';
import { InputError } from '../../errors.ts';
import { nonEmptyText, openFields, parseWith, text, wholeNumber } from '../../settings/index.ts';
import { optionalPackages, rethrow } from '../optional-package.ts';
import { downloadBlob, type RemoteFile } from './blob.ts';
import { CachedRepository } from './cache.ts';
import { type HubEnvironment, hubEnvironment } from './environment.ts';
import { checkSize, MAX_FILES, MAX_PAGES, MAX_RESPONSE_BYTES, speedWatch, TooSlowError, withLimit } from './limits.ts';
import { describe, type HubRepository, isCommit } from './repository.ts';
import { HubError, type HubFetch, hubFetch, withRetries } from './request.ts';

/** Told, for each file that is downloaded, how many of its bytes are there. */
export type OnProgress = (path: string, done: number, size: number) => void;

/** The hub's own library is loaded with the first request. */
const library = (purpose = 'The Hugging Face hub') =>
  optionalPackages(purpose, ['@huggingface/hub'], () => import('@huggingface/hub').catch(rethrow));

const HASH = 'the hexadecimal digits of a SHA-1 or SHA-256';
const hash = v.pipe(v.string(HASH), v.regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, HASH));

/** The hub's facts about a repository. */
const info = openFields({ sha: v.pipe(v.string('a commit'), v.check(isCommit, 'a commit')) });
/** Entries of a listing; of those that are no files nothing is read. */
const entry = openFields({ type: text });
const fileEntry = openFields({
  path: nonEmptyText,
  size: wholeNumber,
  oid: v.optional(hash),
  lfs: v.optional(openFields({ oid: hash, size: wholeNumber })),
});

/** A repository on the hub, at one commit, from which files come to the cache. */
export class RemoteRepository {
  readonly commit: string;
  readonly cached: CachedRepository;
  readonly #environment: HubEnvironment;
  readonly #repository: HubRepository;

  private constructor(environment: HubEnvironment, repository: HubRepository, commit: string) {
    this.#environment = environment;
    this.#repository = repository;
    this.commit = commit;
    this.cached = new CachedRepository(environment.cache, repository);
  }

  /** Asks for the commit of the revision. @throws HubError when the hub does not answer */
  static async open(environment: HubEnvironment, repository: HubRepository): Promise<RemoteRepository> {
    const { modelInfo, datasetInfo } = await library();
    const { type, name, revision } = repository;
    const told = await answer(environment, async (): Promise<unknown> => {
      const fetch = answersOnly(environment, repository);
      const options = { ...access(environment, fetch), name, revision, additionalFields: ['sha' as const] };
      return type === 'model' ? modelInfo(options) : datasetInfo(options);
    });
    const { sha } = parseWith(info, told, `${environment.endpoint} on ${name}`, 'Check HF_ENDPOINT.');
    return new RemoteRepository(environment, repository, sha);
  }

  /** Lists all files. @throws HubError when the hub does not answer, InputError for one that would be outside the repository */
  async files({ recursive }: { readonly recursive: boolean }): Promise<RemoteFile[]> {
    const { listFiles } = await library();
    const label = `${this.#environment.endpoint}, files of ${describe(this.#repository)}`;
    return answer(this.#environment, async () => {
      const fetch = answersOnly(this.#environment, this.#repository);
      const files: RemoteFile[] = [];
      for await (const listed of listFiles({ ...this.#options(fetch), recursive })) {
        if (parseWith(entry, listed, label).type !== 'file') continue;
        const { path, size, oid, lfs } = parseWith(fileEntry, listed, label);
        files.push(checked({ path, size: lfs?.size ?? size, hash: lfs?.oid ?? oid ?? '' }));
        if (files.length > MAX_FILES) throw new HubError(`${label}: there are more than ${MAX_FILES}.`);
      }
      return files;
    });
  }

  /** Downloads the blobs that are not there. They are seen in no snapshot yet. @throws InputError as {@link downloadBlob} */
  async fetch(files: readonly RemoteFile[], onProgress?: OnProgress): Promise<void> {
    for (const file of files) checkSize(file);
    this.cached.prepare();
    for (const file of files) {
      await downloadBlob({
        file,
        target: this.cached.blob(file.hash),
        bytesFrom: (begin) => this.#bytes(file, begin),
        onBytes: (done) => onProgress?.(file.path, done, file.size),
      });
    }
  }

  /** Shows files whose blobs are all there in the snapshot, and remembers the commit of the revision. */
  publish(files: readonly RemoteFile[]): void {
    for (const { path, hash } of files) this.cached.link(this.commit, path, hash);
    this.cached.writeRef(this.#repository.revision, this.commit);
  }

  async *#bytes({ path, size }: RemoteFile, begin: number): AsyncGenerator<Uint8Array> {
    const { downloadFile } = await library();
    const controller = new AbortController();
    const { timeout } = this.#environment;
    const stalled = new TooSlowError(`no byte arrived for ${timeout / 1000} s`);
    const giveUp = () => controller.abort(stalled);
    const timer = setTimeout(giveUp, timeout);
    try {
      const fetch = hubFetch(this.#environment, this.#repository, controller.signal);
      const blob = await downloadFile({ ...this.#options(fetch), path, xet: false });
      if (!blob) throw new Error('the hub lists it, but does not have it');
      const reader = blob.slice(begin, size).stream().getReader();
      const onBytes = speedWatch(timeout);
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return;
          timer.refresh();
          onBytes(value.byteLength);
          yield value;
          timer.refresh();
        }
      } finally {
        // What is left of a broken connection is of no interest.
        reader.cancel().catch(() => {});
      }
    } catch (error) {
      // On its way through the library an error may become a text.
      throw controller.signal.aborted ? stalled : error;
    } finally {
      clearTimeout(timer);
      // The library leaves the answer to its first question unread, which would keep the process alive.
      controller.abort();
    }
  }

  #options(fetch: HubFetch) {
    const { type, name } = this.#repository;
    return { ...access(this.#environment, fetch), repo: { type, name }, revision: this.commit };
  }
}

function access({ endpoint, token }: HubEnvironment, fetch: HubFetch) {
  // Anything else could not stand in a header, and the message for that would show it.
  if (token !== undefined && !/^hf_[!-~]+$/.test(token)) {
    throw new InputError(
      'The Hugging Face token must begin with hf_ and be one word; correct HF_TOKEN or the token file.',
    );
  }
  return { hubUrl: endpoint, fetch, ...(token && { accessToken: token }) };
}

/** Returns a `fetch` for answers of the hub about a repository: no files, and so of limited size and number. */
function answersOnly(environment: HubEnvironment, repository: HubRepository): HubFetch {
  const fetch = hubFetch(environment, repository);
  const { endpoint, token } = environment;
  const seen = new Set<string>();
  return async (input, init) => {
    const url = String(input instanceof Request ? input.url : input);
    if (seen.has(url) || seen.size === MAX_PAGES) {
      throw new HubError(`${endpoint} has no end of its list of files of ${describe(repository)}; check HF_ENDPOINT.`);
    }
    seen.add(url);
    const tooLarge = () =>
      new HubError(`${endpoint} sends an answer of more than ${MAX_RESPONSE_BYTES} bytes; check HF_ENDPOINT.`);
    const response = withLimit(await fetch(input, init), MAX_RESPONSE_BYTES, tooLarge);
    const body = await response.text();
    // Messages show what does not fit in an answer, and so they would show it.
    if (token && unescaped(body).includes(token))
      throw new HubError(`${endpoint} sends the token back; check HF_ENDPOINT.`);
    return new Response(body, response);
  };
}

/** JSON with the characters that are written by their numbers. */
const unescaped = (text: string): string =>
  text.replace(/\\u([0-9a-f]{4})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

/** Returns what the library makes of an answer; one that it cannot read is the server's fault. */
async function answer<T>({ endpoint }: HubEnvironment, request: () => Promise<T>): Promise<T> {
  try {
    return await withRetries(request);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const reason = error instanceof Error ? error.message : error;
    throw new HubError(`${endpoint} gave an answer that is not one of the hub (${reason}); check HF_ENDPOINT.`);
  }
}

/** Names of the hub become paths on the disk, so they are not believed. */
function checked(file: RemoteFile): RemoteFile {
  const { path, hash } = file;
  const isInside = path
    .split(/[/\\]/)
    .every((part) => part !== '' && part !== '.' && part !== '..' && !/[:\0]/.test(part));
  if (!isInside) throw new InputError(`The hub lists a file '${path}', which would lie outside of the repository.`);
  if (hash === '') throw new InputError(`The hub lists '${path}' without a hash that could be checked.`);
  return file;
}

/**
 * Asks the hub for a repository that is nowhere else.
 *
 * @param tried where else it was looked for, as the begin of a sentence
 * @throws InputError that names all places that were tried
 */
export async function openRemote(repository: HubRepository, tried: string): Promise<RemoteRepository> {
  const environment = hubEnvironment();
  try {
    if (environment.offline) throw forbidden(environment);
    await library(`${tried}, and the Hugging Face hub`);
    return await RemoteRepository.open(environment, repository);
  } catch (error) {
    if (error instanceof HubError) throw new InputError(`${tried}, and ${error.message}`, { cause: error });
    throw error;
  }
}

const forbidden = ({ endpoint, cache }: HubEnvironment): HubError =>
  new HubError(
    `HF_HUB_OFFLINE forbids to ask ${endpoint} for it; unset that, or give a folder with the files (the cache is ${cache}).`,
    'unreachable',
  );

/** Returns whether {@link openRemote} failed because there is no network, or none may be used. */
export const isOffline = (error: unknown): boolean =>
  error instanceof InputError && error.cause instanceof HubError && error.cause.kind !== 'refused';
