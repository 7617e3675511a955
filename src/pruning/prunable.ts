import type { Adapter } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import type { Parameter } from '../nn/index.ts';

/** Sets of parts that pruning may remove weights from. */
const prunableSets: Readonly<Record<string, (part: string) => boolean>> = {
  all: () => true,
  repo: (part) => part === 'bottleneck' || part === 'lora',
};

/** Returns whether a part, or the name of a matrix of it, is meant by one entry of a list; see {@link prunableIn}. */
function meantBy(entry: string): (part: string, name: string) => boolean {
  if (Object.hasOwn(prunableSets, entry)) return prunableSets[entry];
  if (!entry.includes('*')) return (part) => part === entry;
  const pieces = entry.split('*').map((piece) => piece.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(`^${pieces.join('.*')}$`);
  return (_part, name) => pattern.test(name);
}

/**
 * Returns the weight matrices of an adapter that pruning may remove weights from.
 *
 * @param which a list with commas: `all`, `repo` (those that the SparseAdapter authors' code prunes: bottlenecks and LoRA), parts
 * such as `bottleneck`, and names of parameters in which `*` stands for anything, such as `*.layer.0.*`
 * @throws InputError if there are none for an entry of the list
 */
export function prunableIn({ settings, prunableMatrices, prunable }: Adapter, which: string): Parameter[] {
  const parts = Object.entries(prunableMatrices);
  const chosen = new Set<Parameter>();
  for (const entry of which.split(',').map((text) => text.trim())) {
    const isMeant = meantBy(entry);
    const found = parts.flatMap(([part, matrices]) => matrices.filter(({ name }) => isMeant(part, name)));
    if (found.length === 0) {
      const there =
        parts.length > 0 ? `its parts are: ${parts.map(([part]) => part).join(', ')}` : 'it has none at all';
      throw new InputError(
        `The adapter '${settings.kind}' has no weights to prune in '${entry}'; ${there}. Name another part, or train it without pruning.`,
      );
    }
    for (const parameter of found) chosen.add(parameter);
  }
  return prunable.filter((parameter) => chosen.has(parameter));
}
