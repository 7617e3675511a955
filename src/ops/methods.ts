/**
 * Makes every operation that takes a tensor first a method of tensors too, after the table of signatures:
 * `x.matmul(w).add(b).relu()`.
 */
import { type Signature, signatures } from '../tensor/signatures.ts';
import { Tensor } from '../tensor/tensor.ts';
import * as operations from './index.ts';

type Operations = typeof operations;
type Signatures = typeof signatures;
type TakesTensorFirst = readonly [readonly [string, { readonly isSelf: true }], ...unknown[]];
type MethodOf<F> = F extends (self: never, ...rest: infer Rest) => infer Result ? (...rest: Rest) => Result : never;
export type TensorMethods = {
  [Name in keyof Operations & keyof Signatures as Signatures[Name] extends TakesTensorFirst ? Name : never]: MethodOf<
    Operations[Name]
  >;
};

declare module '../tensor/tensor.ts' {
  interface Tensor extends TensorMethods {}
}

type AnyFunction = (...values: unknown[]) => unknown;

for (const [name, signature] of Object.entries<Signature>(signatures)) {
  const operation = (operations as unknown as Record<string, AnyFunction | undefined>)[name];
  if (!operation || !('isSelf' in signature[0][1])) continue;
  const value = function (this: Tensor, ...rest: unknown[]): unknown {
    return operation(this, ...rest);
  };
  // Not enumerable, as methods of a class.
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });
}
