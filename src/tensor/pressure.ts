import { MemoryError } from '../backends/backend.ts';

/**
 * Tells the garbage collector how much memory the tensors hold that are left to it.
 *
 * It sees the handle of a tensor, some hundred bytes, and not the numbers, which lie in another memory; so it would come after
 * millions of steps where memory lasts for hundreds. Therefore it is shown ballast: buffers of together as many bytes, which die
 * with the tensors that hold them. Nobody reads or writes ballast, so it takes no memory, only addresses.
 */

const MEBIBYTE = 2 ** 20;
/** Ballast comes in portions of at least so much: one for each small tensor would cost more than the tensor. */
const PORTION = 4 * MEBIBYTE;
/** With so much waiting, a program that waits anyway lets the collector have its turn. V8 begins to collect at as much. */
const DUE = 64 * MEBIBYTE;
/** With so much waiting it is not likely that the program will ever let it. */
const ALARMING = 1024 * MEBIBYTE;
/** Tensors after which the number of handles is checked. */
const CHECKED = 2 ** 16;
/** About what a tensor takes beside its numbers. */
const HANDLE = 512;
/** The part of the heap that handles may take: when it is full, V8 ends the process. */
const SHARE = 0.5;

/** Bytes that were left to the collector and of which it has not been shown ballast. */
let unshown = 0;
/** Bytes that were left to it since it last gave something back. */
let waiting = 0;
/** Tensors in that. */
let waitingTensors = 0;
let alarmed = false;

/** Addresses without memory. A resizable buffer gets whole pages of its own; a plain one may be written with zeros. */
function ballast(bytes: number): ArrayBuffer | null {
  try {
    return Reflect.construct(ArrayBuffer, [bytes, { maxByteLength: bytes }]);
  } catch {
    return null;
  }
}

/**
 * Takes note of a tensor of so many bytes that the collector is to free.
 *
 * @returns what the tensor must hold until then
 * @throws MemoryError if there are so many that no more handles fit
 */
export function leaveBytes(bytes: number): ArrayBuffer | null {
  unshown += bytes + HANDLE;
  waiting += bytes + HANDLE;
  waitingTensors++;
  if (waiting >= ALARMING && !alarmed) alarm();
  if (waitingTensors % CHECKED === 0) assertHandlesFit();
  if (unshown < PORTION) return null;
  const shown = ballast(unshown);
  unshown = 0;
  return shown;
}

/** Takes note that such a tensor was freed by other hands. @param held what it held */
export function takeBytesBack(bytes: number, held: ArrayBuffer | null): void {
  unshown += (held?.byteLength ?? 0) - (bytes + HANDLE);
  forgive(bytes);
}

/** Takes note that such a tensor is meant to stay, as the weights of a model are. */
export function forgive(bytes: number): void {
  waiting = Math.max(0, waiting - (bytes + HANDLE));
  waitingTensors = Math.max(0, waitingTensors - 1);
}

/** Takes note that the collector gives tensors back: then it will continue to do so. */
export function collected(): void {
  waiting = 0;
  waitingTensors = 0;
}

/** Whether so much waits for the collector that a turn of the event loop, in which it gives tensors back, is worth its time. */
export function collectionIsDue(): boolean {
  return waiting >= DUE;
}

function alarm(): void {
  alarmed = true;
  console.warn(
    'sparse-adapter: 1 GiB of tensors was made outside of tidy() and none of it was freed. Such tensors are freed by the garbage ' +
      'collector, and only while the program awaits. Put each step in tidy(() => ...), or dispose() of what it makes.',
  );
}

/** Bytes to which the heap of JavaScript can grow; what is not known has no limit. */
function heapLimit(): number {
  return (
    globalThis.process?.getBuiltinModule?.('node:v8').getHeapStatistics().heap_size_limit ?? Number.POSITIVE_INFINITY
  );
}

function assertHandlesFit(): void {
  if (waitingTensors * HANDLE < SHARE * heapLimit()) return;
  throw new MemoryError(
    `Out of memory: ${waitingTensors} tensors were made outside of tidy() and none was freed, since the program never awaits. Put ` +
      'each step in tidy(() => ...), or dispose() of what it makes.',
  );
}
