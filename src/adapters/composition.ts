import { InputError } from '../errors.ts';
import type { AttachmentPoint, Pass, Transform } from '../models/index.ts';
import type { AdapterModule } from './family.ts';

/**
 * The adapters that act: one by its name, a stack of several, or one for each sequence of a batch; null is none.
 */
export type AdapterComposition = string | null | Stack | BatchSplit;

export interface Stack {
  readonly stack: readonly AdapterComposition[];
}

export interface BatchSplit {
  readonly sequences: readonly AdapterComposition[];
}

/** Composes a stack: each adapter changes the result of the one before. */
export const stack = (...adapters: readonly AdapterComposition[]): Stack => ({ stack: adapters });

/** Composes a split of the batch: the i-th composition acts in sequence i. */
export const batchSplit = (sequences: readonly AdapterComposition[]): BatchSplit => ({ sequences });

/** The adapters that a composition names, each once. */
export function namesIn(composition: AdapterComposition): string[] {
  if (composition === null) return [];
  if (typeof composition === 'string') return [composition];
  const parts = 'stack' in composition ? composition.stack : composition.sequences;
  return [...new Set(parts.flatMap(namesIn))];
}

/** Returns whether an adapter acts in every sequence. */
export function actsEverywhere(composition: AdapterComposition, name: string): boolean {
  if (composition === null || typeof composition === 'string') return composition === name;
  if ('stack' in composition) return composition.stack.some((part) => actsEverywhere(part, name));
  return composition.sequences.every((part) => actsEverywhere(part, name));
}

/**
 * Returns what a composition does at one point; null if nothing.
 *
 * @param moduleOf the module that an adapter has there, if it has one
 */
export function transformAt<Value, Site extends { readonly pass: Pass }>(
  composition: AdapterComposition,
  point: AttachmentPoint<Value, Site>,
  moduleOf: (adapter: string) => AdapterModule<Value, Site> | undefined,
): Transform<Value, Site> | null {
  if (composition === null) return null;
  if (typeof composition === 'string') {
    const module = moduleOf(composition);
    return module ? (value, site) => module.forward(value, site) : null;
  }
  if ('stack' in composition) {
    const steps = composition.stack.map((part) => transformAt(part, point, moduleOf)).filter((step) => step !== null);
    if (steps.length === 0) return null;
    return (value, site) => steps.reduce((result, step) => step(result, site), value);
  }
  return dispatch(composition.sequences, point, moduleOf);
}

/** Sequences with equal compositions are computed together. */
function dispatch<Value, Site extends { readonly pass: Pass }>(
  sequences: readonly AdapterComposition[],
  point: AttachmentPoint<Value, Site>,
  moduleOf: (adapter: string) => AdapterModule<Value, Site> | undefined,
): Transform<Value, Site> | null {
  const groups = new Map<string, number[]>();
  sequences.forEach((composition, s) => {
    const key = JSON.stringify(composition);
    groups.set(key, [...(groups.get(key) ?? []), s]);
  });
  const parts = [...groups.values()].map((members) => ({
    members,
    transform: transformAt(sequences[members[0]], point, moduleOf),
  }));
  if (parts.every(({ transform }) => transform === null)) return null;
  return (value, site) => {
    const count = site.pass.offsets.length - 1;
    if (count !== sequences.length) {
      throw new InputError(
        `The active adapters are for a batch of ${sequences.length} sequences, this one has ${count}.`,
      );
    }
    const values = parts.map(({ members, transform }) => {
      const [own, ownSite] = point.select(value, site, members);
      return transform ? transform(own, ownSite) : own;
    });
    return point.merge(
      values,
      site,
      parts.map(({ members }) => members),
    );
  };
}
