import { toDense } from '../../src/index.ts';
import type { Parameter } from '../../src/nn/index.ts';

/** All weights of a parameter, the pruned ones as 0. */
export function weightsOf({ pattern, value }: Parameter): number[] {
  if (!pattern) return Array.from(value.dataSync());
  const dense = toDense({ pattern, values: value.detach() });
  const weights = Array.from(dense.dataSync());
  dense.dispose();
  return weights;
}

/** 1 for each kept weight of a parameter and 0 for each pruned one; null without a mask, final or not. */
export const maskOf = ({ pattern, mask }: Parameter): number[] | null => {
  const places = pattern?.mask() ?? mask?.dataSync() ?? null;
  return places && Array.from(places);
};

/** The numbers of parameters by name. */
export async function readParameters(parameters: readonly Parameter[]): Promise<Record<string, number[]>> {
  const entries = parameters.map(async (parameter) => [parameter.name, Array.from(await parameter.data())] as const);
  return Object.fromEntries(await Promise.all(entries));
}
