import { InputError } from '../errors.ts';
import { zerosInit } from '../nn/index.ts';
import { add, div, mul, sub } from '../ops/arithmetic.ts';
import { indexSelect } from '../ops/gather.ts';
import { permute, transpose } from '../ops/layout.ts';
import { matmul } from '../ops/matmul.ts';
import { reshape, sum } from '../ops/reduce.ts';
import { boolean, names, option, positiveInteger, wholeNumberIn } from '../settings/index.ts';
import { tensor } from '../tensor/create.ts';
import { tidy } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { changedWeights } from './changed-weight.ts';
import { defineFamily } from './family.ts';
import { patternNumber } from './lora.ts';

/** The skew matrices [blocks, size, size] with the given entries [blocks, size (size - 1) / 2] above the diagonal, row by row. */
export function skew(entries: Tensor, size: number): Tensor {
  const [blocks, count] = entries.shape;
  const table = transpose(entries); // [count, blocks]
  const places = new Int32Array(size * size).fill(-1);
  let next = 0;
  for (let row = 0; row < size; row++) {
    for (let column = row + 1; column < size; column++) places[row * size + column] = next++;
  }
  const upperRows = reshape(
    indexSelect(
      table,
      places.map((place) => Math.max(place, 0)),
    ),
    [size, size, blocks],
  );
  const isUpper = tensor(
    Float32Array.from(places, (place) => Number(place >= 0)),
    [size, size, 1],
  );
  if (next !== count) throw new Error(`${count} entries make no skew matrix of ${size} rows.`);
  const upper = permute(mul(upperRows, isUpper), [2, 0, 1]); // [blocks, size, size]
  return sub(upper, transpose(upper));
}

const identity = (size: number): Tensor =>
  tensor(
    Float32Array.from({ length: size * size }, (_, i) => Number(i % (size + 1) === 0)),
    [1, size, size],
  );

/** I + 2 Q + 2 Q² + ..., of which the last power counts once: the Neumann series of (I + Q)(I - Q)⁻¹ as PEFT cuts it. */
function series(q: Tensor, terms: number): Tensor {
  let result = identity(q.shape[1]);
  if (terms < 2) return add(result, mul(q, 0));
  result = add(result, mul(q, 2));
  if (terms < 3) return result;
  let power = matmul(q, q);
  result = add(result, mul(power, 2));
  for (let term = 3; term < terms - 1; term++) {
    power = matmul(power, q);
    result = add(result, mul(power, 2));
  }
  return add(result, matmul(power, q));
}

/** Newton steps to an inverse, X (2 I - M X); each squares the error. */
const newtonStep = (x: Tensor, m: Tensor): Tensor => matmul(x, sub(mul(identity(m.shape[1]), 2), matmul(m, x)));

/** Enough steps for entries of Q up to hundreds: from an error of 1 - 1 / (1 + ‖Q‖²) on. */
const STEPS = 30;

/**
 * (I - Q)(I + Q)⁻¹. The eigenvalues of (I + Q)ᵀ (I + Q) are between 1 and 1 + ‖Q‖², so that (I + Q)ᵀ / (1 + ‖Q‖²) begins the iteration
 * well. Derivatives go through the last steps alone: where the error is 0, two steps give the first three exactly.
 */
export function cayley(q: Tensor): Tensor {
  const eye = identity(q.shape[1]);
  const m = add(eye, q);
  const start = tidy(() => {
    const fixed = m.detach();
    const bound = add(sum(mul(q.detach(), q.detach()), { axis: [1, 2], keepDims: true }), 1);
    let x = div(transpose(fixed), bound);
    for (let step = 0; step < STEPS; step++) x = newtonStep(x, fixed);
    return x.detach();
  });
  return matmul(sub(eye, q), newtonStep(newtonStep(start, m), m));
}

/**
 * OFT (Qiu et al., 2023): the input of a layer is cut into blocks, each of which is rotated: V = W blockdiag(R)ᵀ, R from the entries of a
 * skew matrix Q. By default R is the series of Cayley's transform with five terms, else (I - Q)(I + Q)⁻¹; as in PEFT, the two turn in
 * opposite directions.
 */
export const oft = defineFamily({
  kind: 'oft',
  summary: 'rotations of the inputs of linear layers',
  options: {
    blockSize: option(positiveInteger, { description: 'inputs that are rotated together', default: 32 }),
    blockSizes: option(names, {
      description: 'other sizes of some layers, by the end of their path: query=4',
      placeholder: '<layer=size>',
      default: [],
      defaultText: 'none',
      isOptional: true,
    }),
    blockShare: option(boolean, { description: 'the same rotation for all blocks', default: false }),
    neumannTerms: option(wholeNumberIn(0, 100, 'each is a product of matrices'), {
      description: 'terms of the series; 0: the exact transform',
      default: 5,
    }),
    targetModules: option(names, {
      description: 'linear layers, by the end of their path',
      default: ['query', 'value'],
    }),
  },
  hasPrunable: false,
  isOnlyLoaded: true,
  title: ({ blockSize }) => `oft ${blockSize}`,
  build: (context, { blockSize, blockSizes = [], blockShare, neumannTerms, targetModules }) =>
    changedWeights('oft', context, targetModules, ({ name, out, inner }) => {
      const size = patternNumber('blockSizes', blockSizes, name) ?? blockSize;
      if (inner % size !== 0) {
        throw new InputError(`oft: ${name} has ${inner} inputs, which blockSize ${size} does not divide.`);
      }
      const blocks = inner / size;
      return {
        tensors: { oft_R: [[blockShare ? 1 : blocks, (size * (size - 1)) / 2], zerosInit] },
        changed: (weight, { oft_R: entries }) => {
          const q = skew(entries, size);
          const rotations = neumannTerms > 0 ? series(q, neumannTerms) : cayley(q); // [blocks or 1, size, size]
          const parts = permute(reshape(weight, [out, blocks, size]), [1, 0, 2]); // [blocks, out, size]
          const turned = matmul(parts, rotations, { transposeB: true });
          return reshape(permute(turned, [1, 0, 2]), [out, inner]);
        },
      };
    }),
});
