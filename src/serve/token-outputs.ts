import { type PackedBatch, type PositionRule, packSequences, type TokenSequence } from '../models/batch.ts';
import { finiteValues } from '../models/finite-output.ts';
import { noGrad } from '../tensor/graph.ts';
import { tidy } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { yieldToEvents } from '../training/yield.ts';

/**
 * Returns a model's output for the tokens of each sequence, [tokens · width], computed in one batch.
 *
 * @param forward from a batch to [rows, width], a row for each token
 * @throws InputError if a number is not finite
 */
export async function tokenOutputs(
  forward: (batch: PackedBatch) => Tensor,
  positions: PositionRule,
  sequences: readonly TokenSequence[],
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  await yieldToEvents();
  signal?.throwIfAborted();
  const batch = packSequences(sequences, positions);
  const output = tidy(() => noGrad(() => forward(batch)));
  const [, width] = output.shape;
  const values = await finiteValues(output);
  return sequences.map((_, s) =>
    Float32Array.from(values.subarray(batch.offsets[s] * width, batch.offsets[s + 1] * width)),
  );
}
