import type { FloatArray, Shape } from '../backends/backend.ts';
import type { Parameter } from '../nn/index.ts';
import type { Random } from '../random/random.ts';
import { type ConfigOf, completeOptions, type OptionTable } from '../settings/index.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** The inputs of a score. */
export interface ScoreContext {
  readonly parameters: readonly Parameter[];
  readonly random: Random;
  /**
   * One function per pruning batch, or per example: its mean loss, without dropout, as a tensor with one element. A
   * `temperature`, 1 if left out, divides the logits before the loss is taken of them.
   */
  readonly losses: readonly ((temperature?: number) => Tensor)[];
  /** Matrices that act one after the other, the first first: `chains` of an adapter. SynFlow needs them. */
  readonly chains?: readonly (readonly Parameter[])[];
  /** Frozen weights that parameters are added to. What is scored is then the sum: `base` of the parts of an adapter. */
  readonly base?: ReadonlyMap<Parameter, Parameter>;
  /**
   * Called after each batch with how many passes over one are done, and awaited: it may let other work run, and what it
   * throws ends the scoring.
   */
  readonly onBatch?: (done: number, total: number) => void | Promise<void>;
}

/** The importance of every weight of every parameter: the highest are kept. */
export type Score = (context: ScoreContext) => Promise<FloatArray[]>;

export interface PruningMethodDefinition<Table extends OptionTable> {
  /** The name in configurations and on the command line. */
  readonly name: string;
  /** A few words for the help. */
  readonly summary: string;
  /** The data of each loss: a batch, or a single example. Absent for a method that needs no data. */
  readonly data?: 'batches' | 'examples';
  /** Its own options. Default: none. */
  readonly options?: Table;
  /** The default number of rounds. Default 1. */
  readonly iterations?: number;
  /**
   * From the shapes of the matrices and the sparsity over all to the density of each, for a method that gives every matrix a share
   * of the budget. Default: weights of all matrices compete.
   */
  readonly densities?: (shapes: readonly Shape[], sparsity: number) => number[];
  /** The importance of every weight of every parameter; see {@link Score}. */
  score(context: ScoreContext, config: ConfigOf<Table>): Promise<FloatArray[]>;
}

/** A way to choose the weights that are removed. */
export interface PruningMethod<Table extends OptionTable = OptionTable> extends PruningMethodDefinition<Table> {
  readonly options: Table;
  readonly iterations: number;
  /** All options: those given, and defaults. @throws InputError for an unknown option or a value that it does not accept */
  configure(given?: Partial<ConfigOf<Table>>): ConfigOf<Table>;
}

export function definePruningMethod<const Table extends OptionTable = Record<never, never>>(
  definition: PruningMethodDefinition<Table>,
): PruningMethod<Table> {
  const { name, options = {} as Table, iterations = 1 } = definition;
  return {
    ...definition,
    options,
    iterations,
    configure: (given = {}) => completeOptions(name, options, given),
  };
}
