import type { Shape } from '../backends/backend.ts';
import type { Random } from '../random/random.ts';
import { sizeOf } from '../tensor/shape.ts';

/** Draws the starting values of a parameter. */
export type Initializer = (shape: Shape, random: Random) => Float32Array;

const filled =
  (draw: (random: Random) => number): Initializer =>
  (shape, random) =>
    Float32Array.from({ length: sizeOf(shape) }, () => draw(random));

export const zerosInit: Initializer = filled(() => 0);
export const onesInit: Initializer = filled(() => 1);

/** N(0, std²). BERT uses std 0.02. */
export const normalInit = (std: number): Initializer => filled((random) => random.normal(0, std));

/** N(0, std²) drawn again outside two standard deviations (Houlsby et al., 2019, with std 0.01). */
export const truncatedNormalInit = (std: number): Initializer =>
  filled((random) => {
    for (;;) {
      const z = random.normal();
      if (Math.abs(z) <= 2) return z * std;
    }
  });

/** U(-bound, bound). */
export const uniformInit = (bound: number): Initializer => filled((random) => (2 * random.uniform() - 1) * bound);

/** U(-1/√in, 1/√in) for a matrix [out, in]: PyTorch's `kaiming_uniform_(a=√5)`. */
export const kaimingUniformInit: Initializer = (shape, random) =>
  uniformInit(1 / Math.sqrt(shape[shape.length - 1]))(shape, random);
