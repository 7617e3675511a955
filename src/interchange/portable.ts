import type { Adapter, AdapterSettings } from '../adapters/index.ts';
import { type EncoderConfig, isHeadParameter, type Pooling, type SequenceClassifier } from '../models/browser.ts';

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
}

/** An adapter with its task head, away from its model, for a format to write. */
export interface PortableAdapter {
  /** Complete. */
  readonly settings: AdapterSettings;
  readonly adapter: readonly Weight[];
  readonly head: readonly Weight[];
  /** Of the backbone. */
  readonly config: EncoderConfig;
  /** The name or path of the backbone. */
  readonly backbone: string;
  /** Class names; null for regression. */
  readonly labels: readonly string[] | null;
  readonly pooling: Pooling;
}

/** The name of an adapter's weight with {@link PLACE} for the adapter, whose name stands in it once. */
export const portableName = (name: string, adapter: string): string =>
  name
    .split('.')
    .map((part) => (part === adapter ? PLACE : part))
    .join('.');

/** @param backbone the name or path under which the backbone is known */
export async function portableAdapter(
  model: SequenceClassifier,
  adapter: Adapter,
  backbone: string,
): Promise<PortableAdapter> {
  const weightOf = async ({ name, shape, value, mask }: (typeof adapter.parameters)[number]): Promise<Weight> => ({
    name,
    shape,
    values: Float32Array.from(await value.data()),
    masked: mask !== null,
  });
  const weights = await Promise.all(adapter.parameters.map(weightOf));
  return {
    settings: adapter.settings,
    adapter: weights.map((weight) => ({ ...weight, name: portableName(weight.name, adapter.name) })),
    head: await Promise.all(model.parameters().filter(isHeadParameter).map(weightOf)),
    config: model.config,
    backbone,
    labels: model.labels,
    pooling: model.head.pooling,
  };
}
