import { InputError } from '../errors.ts';
import type { PruningMethod } from './method.ts';
import { builtIn } from './methods.ts';

const methods = new Map<string, PruningMethod>(builtIn.map((method) => [method.name, method]));

/** Makes a method known under its name to configurations. @throws Error if the name is taken */
export function registerPruningMethod(method: PruningMethod): void {
  if (methods.has(method.name)) throw new Error(`There is a pruning method '${method.name}' already.`);
  methods.set(method.name, method);
}

/** All methods, in the order of registration. */
export const pruningMethods = (): PruningMethod[] => [...methods.values()];

/** @throws InputError naming the methods there are */
export function pruningMethodOf(name: string): PruningMethod {
  const method = methods.get(name);
  if (method) return method;
  throw new InputError(`There is no pruning method '${name}'; there are: ${[...methods.keys()].join(', ')}.`);
}
