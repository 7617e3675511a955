import { adapterFamilies } from '../adapters/index.ts';
import { getBackend } from '../backends/index.ts';
import { InputError } from '../errors.ts';
import { type AttachmentPoints, holdBackbone } from '../models/index.ts';
import { type HeldDType, heldDTypes } from '../nn/index.ts';
import { oneOf, option } from '../settings/index.ts';

/** How new runs hold their backbone where nothing else is said. */
export const defaultBackboneDtype: HeldDType = 'float32';

export const backboneSettings = {
  /** Runs that do not have it hold float32. */
  backboneDtype: option(oneOf(heldDTypes), {
    description:
      'how frozen matrices of linear layers are held: int8 takes a quarter of the memory and less than half of the time, rounded',
    placeholder: '<type>',
    // What trains the whole backbone has nothing to hold so.
    for: { adapter: () => adapterFamilies().flatMap(({ kind }) => (kind === 'full' ? [] : kind)) },
    defaultText: `${defaultBackboneDtype}, and as float16 where the file has that`,
  }),
};

/** Returns how a run or a model holds its backbone. */
export const backboneDtypeOf = ({ backboneDtype = 'float32' }: { readonly backboneDtype?: HeldDType }): HeldDType =>
  backboneDtype;

/**
 * Holds the frozen backbone of a model in a type. A model that nothing is attached to is only used, so all of its linear layers are
 * frozen.
 *
 * @throws InputError on a backend that holds float32 alone
 */
export function holdModel(
  model: { readonly points: AttachmentPoints },
  dtype: HeldDType,
  { isTrained }: { readonly isTrained: boolean },
): void {
  if (!isTrained && dtype !== 'float32') {
    for (const { linear } of model.points.projection) linear.weight.trainable = false;
  }
  holdBackbone(model, dtype);
}

/** @throws InputError where the backend cannot hold weights so */
export function checkBackbone(dtype: HeldDType): void {
  const { name, holdsFewerBits } = getBackend();
  if (dtype === 'float32' || holdsFewerBits) return;
  throw new InputError(`The ${name} backend holds weights in float32 alone, not in ${dtype}; choose the backend wasm.`);
}

/** Lines about a type that does not do here what it is for. */
export function backboneWarnings(dtype: HeldDType): string[] {
  const gain = dtype === 'int8' ? getBackend().int8?.gain?.() : undefined;
  if (gain === undefined || gain >= 1) return [];
  return [
    `8-bit products take ${(1 / gain).toFixed(1)} times as long as float32 here; a backbone of float32 is faster.`,
  ];
}
