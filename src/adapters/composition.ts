import { InputError } from '../errors.ts';
import type { AttachmentPoint, Pass, ResidualPoint, Sublayer, Transform } from '../models/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AdapterModule, ResidualModule } from './family.ts';

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
  return dispatch(composition.sequences, point, (part) => transformAt(part, point, moduleOf));
}

type ResidualModules = (adapter: string) => ResidualModule | undefined;

/** Returns whether an adapter of a composition ends the sublayer, so that no norm follows what it computes. */
export const endsSublayer = (composition: AdapterComposition, moduleOf: ResidualModules): boolean =>
  namesIn(composition).some((name) => moduleOf(name)?.endsSublayer);

/** Returns what a composition makes the result of a sublayer of, where an adapter of it ends the sublayer. */
export function resultAt(
  composition: AdapterComposition,
  point: ResidualPoint,
  moduleOf: ResidualModules,
): Transform<Tensor, Sublayer> {
  if (composition !== null && typeof composition === 'object') {
    if ('sequences' in composition) {
      return dispatch(composition.sequences, point, (part) => resultAt(part, point, moduleOf)) ?? point.result;
    }
    const acting = composition.stack.filter((part) => namesIn(part).some(moduleOf));
    const before = transformAt(stack(...acting.slice(0, -1)), point, moduleOf);
    const last = resultAt(acting[acting.length - 1] ?? null, point, moduleOf);
    return (h, site) => last(before ? before(h, site) : h, site);
  }
  const module = composition === null ? undefined : moduleOf(composition);
  if (!module) return point.result;
  if (module.endsSublayer) return (h, site) => module.forward(h, site);
  return (h, site) => point.result(module.forward(h, site), site);
}

/** What acts in some sequences of a batch at a point; null is nothing. */
export interface PartAt<Value, Site> {
  readonly members: readonly number[];
  readonly transform: Transform<Value, Site> | null;
}

/** Returns what the parts of a batch, which together are all of it, do at a point; null if nothing. */
export function splitAt<Value, Site extends { readonly pass: Pass }>(
  point: Pick<AttachmentPoint<Value, Site>, 'select' | 'merge'>,
  parts: readonly PartAt<Value, Site>[],
): Transform<Value, Site> | null {
  if (parts.every(({ transform }) => transform === null)) return null;
  const total = parts.reduce((sum, { members }) => sum + members.length, 0);
  return (value, site) => {
    const count = site.pass.offsets.length - 1;
    if (count !== total) {
      throw new InputError(`The active adapters are for a batch of ${total} sequences, this one has ${count}.`);
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

/** Sequences with equal compositions are computed together. */
function dispatch<Value, Site extends { readonly pass: Pass }>(
  sequences: readonly AdapterComposition[],
  point: AttachmentPoint<Value, Site>,
  transformOf: (composition: AdapterComposition) => Transform<Value, Site> | null,
): Transform<Value, Site> | null {
  const groups = new Map<string, number[]>();
  sequences.forEach((composition, s) => {
    const key = JSON.stringify(composition);
    groups.set(key, [...(groups.get(key) ?? []), s]);
  });
  const parts = [...groups.values()].map((members) => ({
    members,
    transform: transformOf(sequences[members[0]]),
  }));
  return splitAt(point, parts);
}
