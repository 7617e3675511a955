import type { OptimizerKernels } from '../backend.ts';
import type { WasmBackend, WasmBuffer } from './index.ts';
import { BLOCK } from './kernels.ts';

const WORDS = 7;

/** Arrays of one length each, and the blocks of all; `others` are addresses that follow those of the arrays. */
interface Table {
  readonly words: readonly number[];
  readonly blocks: number;
}

/** The table of arrays that the kernels read (kernels/wasm/assembly/optimizer.ts); the buffers of an entry have one length. */
function tableOf(entries: readonly (readonly (WasmBuffer | null)[])[]): Table {
  const words: number[] = [];
  let blocks = 0;
  for (const entry of entries) {
    const length = entry[0]?.length ?? 0;
    const addresses = entry.map((buffer) => buffer?.address ?? 0);
    words.push(blocks, length, ...addresses, ...new Array<number>(WORDS - 2 - entry.length).fill(0));
    blocks += Math.ceil(length / BLOCK);
  }
  return { words, blocks };
}

export function optimizerKernels(backend: WasmBackend): OptimizerKernels<WasmBuffer> {
  const { kernels, memory } = backend;
  return {
    adam(arrays, { l2, beta1, beta2, decay, stepSize, rootScale, eps }, gradientScale) {
      // The weights may have been the input of a product.
      backend.forget();
      const { words, blocks } = tableOf(arrays.map(({ w, g, m, v, mask }) => [w, g, m, v, mask]));
      const scale = gradientScale ? backend.readSync(gradientScale)[0] : 1;
      const coefficients = [scale, l2, beta1, 1 - beta1, beta2, 1 - beta2, decay, stepSize, rootScale, eps];
      memory.borrowInts(words, (table) =>
        memory.borrow(4 * coefficients.length, (address) => {
          memory.floats(address, coefficients.length).set(coefficients);
          kernels.adam(table, address, blocks);
        }),
      );
    },
    norm(xs) {
      const { words, blocks } = tableOf(xs.map((x) => [x]));
      let sum = 0;
      memory.borrowInts(words, (table) =>
        memory.borrow(4 * blocks, (partial) => {
          kernels.squares(table, partial, blocks);
          for (const x of memory.floats(partial, blocks)) sum += x;
        }),
      );
      return backend.upload([Math.sqrt(sum)]);
    },
  };
}
