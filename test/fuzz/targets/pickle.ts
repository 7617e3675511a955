import { readPickle } from '../../../src/io/pickle.ts';
import { savedPickle } from '../../support/torch-save.ts';
import type { Target } from '../target.ts';

const view = { name: 'w', storage: 0, offset: 0, shape: [2, 2], strides: [2, 1] };

/** Opcodes in any order, where the reader of whole files would hardly ever get. */
export const target: Target = {
  kind: 'bytes',
  seeds: [Uint8Array.from(savedPickle([view, { ...view, name: 'v', shape: [2], strides: [1] }], [4]))],
  read: (input) => {
    readPickle(input, 'x.pkl', {
      isKnown: () => true,
      call: (_, args) => new Map([['args', args]]),
      persistent: (id) => id,
    });
  },
};
