import { InputError } from '../errors.ts';

/** The names in other models of linear layers that have another name in BERT. One may hold several of them: `Wqkv`. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  query: ['q_proj', 'q', 'q_lin', 'query_proj', 'Wqkv'],
  key: ['k_proj', 'k', 'k_lin', 'key_proj', 'Wqkv'],
  value: ['v_proj', 'v', 'v_lin', 'value_proj', 'Wqkv'],
  'intermediate.dense': ['fc1', 'wi', 'wi_0', 'wi_1', 'ffn.lin1', 'ffn', 'gate_proj', 'up_proj', 'Wi'],
  'output.dense': ['fc2', 'wo', 'ffn.lin2', 'ffn_output', 'down_proj', 'mlp.Wo'],
};

/** Returns whether a module's path ends in a name, as PEFT matches them. */
export const endsIn = (module: string, name: string): boolean => `.${module}`.endsWith(`.${name}`);

/** Returns whether one of the names means the layer. */
export const isTarget = ({ name }: { readonly name: string }, modules: readonly string[]): boolean =>
  modules.some((module) => [module, ...(otherNames[module] ?? [])].some((end) => endsIn(name, end)));

/**
 * The layers whose path ends in one of the names, as PEFT matches them.
 *
 * @param kind of the adapter, for messages
 * @throws InputError for a name that matches none
 */
export function targetPoints<Point extends { readonly name: string }>(
  kind: string,
  points: readonly Point[],
  modules: readonly string[],
): Point[] {
  const unknown = modules.find((module) => !points.some((point) => isTarget(point, [module])));
  if (unknown !== undefined) {
    const there = new Set(points.map(({ name }) => name.replace(/^.*\.\d+\./, '')));
    throw new InputError(`${kind}: no layer is called '${unknown}'; there are: ${[...there].join(', ')}.`);
  }
  return points.filter((point) => isTarget(point, modules));
}
