import { InputError } from '../../errors.ts';
import type { RemoteFile } from './blob.ts';

const MIB = 2 ** 20;

/** Bytes of one answer that is no file: the hub's own have a thousandth of it. */
export const MAX_RESPONSE_BYTES = 64 * MIB;
/** Answers of one listing; the hub's have up to 1,000 files each. */
export const MAX_PAGES = 1000;
/** Files of one listing. */
export const MAX_FILES = 1_000_000;
/** Milliseconds that a hub may ask to be left alone before it is asked again. */
export const MAX_WAIT_MS = 20_000;

/** The fewest bytes that a connection must bring in six timeouts. */
const FEWEST_BYTES = 2 ** 16;

/** A connection that is too slow for the file ever to be complete. */
export class TooSlowError extends Error {
  override readonly name = 'TooSlowError';
}

/**
 * Watches how much a connection brings.
 *
 * @param timeout milliseconds without a byte after which it is closed
 * @returns a function to call with the number of new bytes; it throws {@link TooSlowError} when too few came
 */
export function speedWatch(timeout: number): (bytes: number) => void {
  const span = 6 * timeout;
  let [since, seen] = [performance.now(), 0];
  return (bytes) => {
    seen += bytes;
    if (performance.now() - since < span) return;
    if (seen < FEWEST_BYTES) throw new TooSlowError(`only ${seen} bytes arrived in ${span / 1000} s`);
    [since, seen] = [performance.now(), 0];
  };
}

/** Bytes that a file can have, by its name; what holds weights or data can have any number. */
function largest(path: string): number {
  if (/\.(safetensors|parquet)$/.test(path)) return Number.POSITIVE_INFINITY;
  if (/^[^/]*config\.json$|^special_tokens_map\.json$/.test(path)) return 16 * MIB;
  return /\.(json|model)$|^(vocab|merges)\.txt$/.test(path) ? 512 * MIB : Number.POSITIVE_INFINITY;
}

/** Checks what the hub says of a file against what such a file can be. @throws InputError when it is far too large */
export function checkSize({ path, size }: RemoteFile): void {
  const most = largest(path);
  if (size <= most) return;
  throw new InputError(
    `The hub lists '${path}' with ${size} bytes, and no such file has more than ${most / MIB} MiB; it is not downloaded.`,
  );
}

/** Returns the answer, which ends with an error after a number of bytes. */
export function withLimit(response: Response, bytes: number, tooLarge: () => Error): Response {
  let seen = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      seen += chunk.byteLength;
      if (seen > bytes) controller.error(tooLarge());
      else controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(response.body?.pipeThrough(counter) ?? null, { status, statusText, headers });
}
