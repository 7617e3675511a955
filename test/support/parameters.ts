import type { Parameter } from '../../src/nn/index.ts';

/** The numbers of parameters by name. */
export async function readParameters(parameters: readonly Parameter[]): Promise<Record<string, number[]>> {
  const entries = parameters.map(async (parameter) => [parameter.name, Array.from(await parameter.data())] as const);
  return Object.fromEntries(await Promise.all(entries));
}
