import { InputError } from '../../errors.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** The rows of scores [texts, vocab], which are disposed of. @throws InputError if one is not finite */
export async function readScores(scores: Tensor): Promise<Float32Array[]> {
  const [texts, vocabulary] = scores.shape;
  const values = Float32Array.from(await scores.data());
  scores.dispose();
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad !== undefined) {
    throw new InputError(
      `The model's output is ${bad}, its weights are not finite or too large; use another checkpoint, or train with a lower learning rate.`,
    );
  }
  return Array.from({ length: texts }, (_, i) => values.subarray(i * vocabulary, (i + 1) * vocabulary));
}
