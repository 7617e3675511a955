import type { Tensor } from '../../tensor/tensor.ts';
import { finiteValues } from '../finite-output.ts';

/** The rows of scores [texts, vocab], which are disposed of. @throws InputError if one is not finite */
export async function readScores(scores: Tensor): Promise<Float32Array[]> {
  const [texts, vocabulary] = scores.shape;
  const values = Float32Array.from(await finiteValues(scores));
  return Array.from({ length: texts }, (_, i) => values.subarray(i * vocabulary, (i + 1) * vocabulary));
}
