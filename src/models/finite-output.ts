import { InputError } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** The values of a model's output, which is disposed of. @throws InputError if one is not finite */
export async function finiteValues(output: Tensor): Promise<Awaited<ReturnType<Tensor['data']>>> {
  const values = await output.data();
  output.dispose();
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad === undefined) return values;
  throw new InputError(
    `The model's output is ${bad}, its weights are not finite or too large; use another checkpoint, or train with a lower learning rate.`,
  );
}
