import { join } from 'node:path';
import { type Adapter, type AdapterSettings, attachAdapter } from '../../src/adapters/index.ts';
import { type AdapterFormatName, adapterFormats, portableAdapter } from '../../src/interchange/index.ts';
import { openSafetensors } from '../../src/io/index.ts';
import { type HeadOptions, isHeadParameter, type SequenceClassifier } from '../../src/models/index.ts';
import type { Parameter } from '../../src/nn/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { liven, maskRandomly } from './adapters.ts';
import { maskOf, weightsOf } from './parameters.ts';
import { tinyClassifier } from './tiny-model.ts';

export interface Adapted {
  readonly model: SequenceClassifier;
  readonly adapter: Adapter;
}

export interface AdaptedOptions {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly classifier?: HeadOptions;
  /** Prunes about half of the weights. */
  readonly pruned?: boolean;
  readonly seed?: string | number;
}

/** A tiny model with an adapter and a head as if they had been trained. */
export function trainedAdapter(
  settings: AdapterSettings,
  { config, classifier = { labels: ['no', 'yes'] }, pruned = false, seed = 1 }: AdaptedOptions = {},
): Adapted {
  const model = tinyClassifier(classifier, { config });
  const adapter = attachAdapter(model, settings);
  liven(adapter, seed);
  liven({ parameters: model.parameters().filter(isHeadParameter) }, seed);
  if (pruned) maskRandomly(adapter.prunable, seed);
  return { model, adapter };
}

/** A folder with the adapter in a format. */
export async function writtenFolder(
  { model, adapter }: Adapted,
  format: AdapterFormatName,
  { name = 'task', backbone = 'tiny' } = {},
): Promise<string> {
  const { files } = adapterFormats[format].write(await portableAdapter(model, adapter, backbone), name);
  return temporaryFolder(files);
}

/** Names and shapes of the tensors of a file. */
export function tensorShapes(folder: string, name: string): Record<string, readonly number[]> {
  const file = openSafetensors(join(folder, name));
  const shapes = Object.fromEntries(file.names().map((tensor) => [tensor, file.info(tensor).shape]));
  file.close();
  return shapes;
}

/** Names, values and masks of parameters to the last bit. */
export const stateOf = (parameters: readonly Parameter[]) =>
  parameters.map((parameter) => ({
    name: parameter.name,
    bits: Array.from(new Uint32Array(Float32Array.from(weightsOf(parameter)).buffer)),
    mask: maskOf(parameter),
  }));
