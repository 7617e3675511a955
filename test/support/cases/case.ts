import type fc from 'fast-check';
import type { Tensor } from '../../../src/index.ts';
import type { Size } from '../strategies.ts';
import type { Values } from '../values.ts';

/** An operation applied to numbers. */
export interface Case {
  /** Its differentiable inputs. */
  readonly inputs: readonly Values[];
  readonly apply: (...inputs: Tensor[]) => Tensor;
  /** The definition of the operation, element by element, without the engine. */
  readonly expected: (...inputs: Values[]) => Values;
}

export interface OperationSpec {
  cases(size: Size): fc.Arbitrary<Case>;
  /** The values are 0 and 1: there is no derivative. */
  readonly constant?: true;
}

export type Cases = (size: Size) => fc.Arbitrary<Case>;

/** Operations by the name under which `src/ops/index.ts` exports them. */
export type Operations = { readonly [name: string]: OperationSpec };
