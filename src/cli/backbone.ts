import type { AttachmentPoints } from '../models/index.ts';
import type { HeldDType } from '../nn/index.ts';
import { backboneWarnings, checkBackbone, holdModel } from '../training/index.ts';
import { UsageError } from './errors.ts';

/**
 * Holds all linear layers of a checkpoint that is only used in a type, if one is given.
 *
 * @returns warnings
 * @throws InputError on a backend that holds float32 alone
 */
export function holdCheckpoint(model: { readonly points: AttachmentPoints }, dtype: HeldDType = 'float32'): string[] {
  checkBackbone(dtype);
  holdModel(model, dtype, { isTrained: false });
  return backboneWarnings(dtype);
}

/** @throws UsageError for a type beside a run, which has its own */
export function refuseBesideRun({ backboneDtype }: { readonly backboneDtype?: HeldDType }): void {
  if (backboneDtype === undefined) return;
  throw new UsageError('--backbone-dtype is for a checkpoint; a run is used with that of its training.');
}
