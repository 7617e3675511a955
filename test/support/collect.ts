import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type MemoryInfo, memory } from '../../src/index.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Returns the memory in use when collecting changes it no more; finalisers run some time after a collection. */
export async function settled(): Promise<MemoryInfo> {
  for (let unchanged = 0, before = memory().tensors; unchanged < 5; before = memory().tensors) {
    await collectOnce();
    unchanged = memory().tensors === before ? unchanged + 1 : 0;
  }
  return memory();
}

/** Collects until no more than so many tensors are alive, or until that does not help. */
export async function collectTo(tensors: number): Promise<MemoryInfo> {
  for (let tries = 0; tries < 20 && memory().tensors > tensors; tries++) await collectOnce();
  return memory();
}

async function collectOnce(): Promise<void> {
  collectGarbage();
  await new Promise((resolve) => setImmediate(resolve));
}
