import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as S from '../../src/index.ts';
import { type Signature, type SignedName, signatures } from '../../src/tensor/signatures.ts';
import { wasm } from '../support/backends.ts';
import '../support/sparse.ts';

const test = suite('ops: errors of shapes');

const functions = S as unknown as Record<SignedName, (...values: unknown[]) => unknown>;

/** Arguments that are no tensors and must be there. */
const others: { readonly [name: string]: unknown } = {
  value: 0,
  spec: {
    heads: 1,
    queryOffsets: Int32Array.of(0, 2),
    keyOffsets: Int32Array.of(0, 2),
    keyCounts: Int32Array.of(2),
    causal: false,
  },
  pattern: S.SparsePattern.of([1, 0, 1, 1], [2, 2], wasm),
};

const shapes = fc.array(fc.constantFrom(1, 2, 3), { maxLength: 3 });
const formatted = (shape: readonly number[]) => `[${shape.join(', ')}]`;

for (const [name, signature] of Object.entries<Signature>(signatures)) {
  const places = signature.flatMap(([, { expected }], i) =>
    /^a tensor( or a number| or a sparse matrix .*)?$/.test(expected) ? [i] : [],
  );
  if (places.length < 2) continue;
  test(`${name} of shapes that do not fit names itself and two of them`, () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.tuple(...places.map(() => shapes)), (given) =>
        S.tidy(() => {
          const values: unknown[] = signature.map(
            ([argument, { optional }]) => others[argument] ?? (optional ? undefined : others.spec),
          );
          places.forEach((place, i) => {
            const size = given[i].reduce<number>((product, n) => product * n, 1);
            values[place] = S.Tensor.fromBuffer(wasm, wasm.fill(size, 1), given[i], true);
          });
          try {
            functions[name as SignedName](...values);
          } catch (error) {
            refused++;
            const { message } = error as Error;
            assert.ok(error instanceof RangeError, `${name}: ${error}`);
            assert.ok(message.startsWith(`${name}: `), message);
            const named = given.filter((shape) => message.includes(formatted(shape)));
            assert.ok(named.length >= 2, `${message} (${given.map(formatted).join(' ')})`);
          }
        }),
      ),
      { seed: 1, numRuns: 300 },
    );
    assert.ok(refused > 20, `${refused} of 300 were refused`);
  });
}

test.run();
