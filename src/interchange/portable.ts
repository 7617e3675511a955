import type { AdaptableModel, Adapter, AdapterSettings } from '../adapters/index.ts';
import {
  type HeadKind,
  isHeadParameter,
  type LayeredHead,
  type ModelConfig,
  type Pooling,
  type ProblemType,
} from '../models/browser.ts';
import type { Parameter } from '../nn/index.ts';

/** Stands for the name of the adapter in the names of its weights: `...output.adapters.*.adapter_up.weight`. */
export const PLACE = '*';

/** A weight of an adapter or of its task head, dense, under the name that it has in our models. */
export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major; pruned weights are 0. */
  readonly values: Float32Array;
  /** Whether its zeros are pruned weights; undefined if a file does not say. */
  readonly masked?: boolean;
  /** Of a weight of a model: for each of the values 0 if it is pruned; null without a mask. */
  readonly kept?: ArrayLike<number> | null;
  /** The rows and columns of the values in a matrix whose shape the file does not tell; those of one place are added up. */
  readonly places?: readonly [rows: ArrayLike<number>, columns: ArrayLike<number>];
  /** Whether a model takes the first of its columns alone, as many as it has. */
  readonly mayBeWider?: boolean;
  /** Whether the values are whole numbers, which are stored as such. */
  readonly isInteger?: boolean;
}

/** An adapter that another one mixes. */
export interface MixedAdapter {
  readonly name: string;
  /** Complete. */
  readonly settings: AdapterSettings;
  readonly adapter: readonly Weight[];
}

/** An adapter with its task head, away from its model, for a format to write. */
export interface PortableAdapter {
  /** Complete. */
  readonly settings: AdapterSettings;
  readonly adapter: readonly Weight[];
  readonly head: readonly Weight[];
  readonly headKind: HeadKind;
  /** The form of the head, where it is none of transformers. */
  readonly layeredHead?: LayeredHead;
  /** Whether any number of classes can hold at once. */
  readonly isMultiLabel: boolean;
  /** The adapters that it mixes. */
  readonly mixed: readonly MixedAdapter[];
  /** The configuration of the backbone. */
  readonly config: ModelConfig;
  /** The name or path of the backbone. */
  readonly backbone: string;
  /** Class names; null where there are no classes. */
  readonly labels: readonly string[] | null;
  readonly pooling: Pooling;
}

/** The name of an adapter's weight with {@link PLACE} for the adapter, whose name occurs in it once. */
export const portableName = (name: string, adapter: string): string =>
  name
    .split('.')
    .map((part) => (part === adapter ? PLACE : part))
    .join('.');

/** Numbers and mask of a parameter. */
async function weightOf(parameter: Parameter): Promise<Weight> {
  const { name, shape, isPruned } = parameter;
  const [values, kept] = [Float32Array.from(await parameter.data()), await parameter.keptPlaces()];
  return { name, shape, values, masked: isPruned, kept };
}

async function weightsOf({ name, settings, parameters }: Adapter): Promise<MixedAdapter> {
  const weights = await Promise.all(parameters.map(weightOf));
  return { name, settings, adapter: weights.map((weight) => ({ ...weight, name: portableName(weight.name, name) })) };
}

/** A model that adapters attach to, and the kind of its head, if it has one. */
type AdaptedModel = AdaptableModel & {
  readonly config: ModelConfig;
  readonly labels?: readonly string[] | null;
  readonly head?: { readonly pooling: Pooling };
  readonly headKind?: HeadKind;
  readonly layeredHead?: LayeredHead;
  readonly problem?: ProblemType;
};

/**
 * @param backbone the name or path under which the backbone is known
 * @param mixed the adapters that the adapter mixes, if it does
 */
export async function portableAdapter(
  model: AdaptedModel,
  adapter: Adapter,
  backbone: string,
  mixed: readonly Adapter[] = [],
): Promise<PortableAdapter> {
  const own = await weightsOf(adapter);
  return {
    settings: own.settings,
    adapter: own.adapter,
    head: await Promise.all(model.parameters().filter(isHeadParameter).map(weightOf)),
    headKind: model.headKind ?? 'none',
    layeredHead: model.layeredHead,
    isMultiLabel: model.problem === 'multi_label_classification',
    mixed: await Promise.all(mixed.map(weightsOf)),
    config: model.config,
    backbone,
    labels: model.labels ?? null,
    pooling: model.head?.pooling ?? 'cls',
  };
}
