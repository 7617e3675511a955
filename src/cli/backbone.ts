import type { HoldOptions } from '../models/index.ts';
import type { HeldDType } from '../nn/index.ts';
import { backboneWarnings, checkBackbone } from '../training/index.ts';
import { UsageError } from './errors.ts';

interface Flags {
  readonly backboneDtype?: HeldDType;
}

/**
 * How a checkpoint that is only used is loaded so that its linear layers are held in a type, if one is given.
 *
 * @throws InputError on a backend that holds float32 alone
 */
export function heldCheckpoint({ backboneDtype = 'float32' }: Flags): { options: HoldOptions; warnings: string[] } {
  checkBackbone(backboneDtype);
  return { options: { backboneDtype }, warnings: backboneWarnings(backboneDtype) };
}

/** @throws UsageError for a type beside a run, which has its own */
export function refuseBesideRun({ backboneDtype }: Flags): void {
  if (backboneDtype === undefined) return;
  throw new UsageError('--backbone-dtype is for a checkpoint; a run is used with that of its training.');
}
