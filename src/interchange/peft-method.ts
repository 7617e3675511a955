import type { AdapterSettings } from '../adapters/index.ts';
import type { ModelConfig } from '../models/browser.ts';
import type { PortableAdapter, Weight } from './portable.ts';

/** The format of one kind of adapter in PEFT. */
export interface PeftMethod {
  readonly peftType: string;
  /** Our family. */
  readonly kind: string;
  /** The fields of `adapter_config.json` that are its own: followed, refused, or without a meaning here. */
  readonly fields: readonly string[];
  /** The prefixes of the names of modules that were trained with it: that of one wrapper, or of two. */
  readonly prefix: string;
  /** The name in the file of a weight of the adapter, whose other weights may decide. */
  fileName(name: string, adapter?: readonly Weight[]): string;
  /** The tensors in the file of a weight of the adapter, where they are not the weight itself; null where they are. */
  fileWeights?(weight: Weight, adapter: readonly Weight[], config: ModelConfig): readonly Weight[] | null;
  /** The weights of a file under their names in it, where several tensors make one. @throws InputError if they do not fit */
  ownWeights?(label: string, weights: readonly Weight[]): readonly Weight[];
  /** Our name and shape of a weight, if it is one of the adapter. */
  ownWeight(weight: Weight): Weight | null;
  /** The fields of `adapter_config.json` that are its own. @throws InputError for what PEFT cannot express */
  config(adapter: PortableAdapter, modulesToSave: readonly string[] | null): Record<string, unknown>;
  /** @throws InputError for a feature that is not supported */
  settings(label: string, config: Readonly<Record<string, unknown>>, weights: readonly Weight[]): AdapterSettings;
  /** The weights of a file that the configuration means, which PEFT uses alone, and lines on the others. */
  meant(
    label: string,
    config: Readonly<Record<string, unknown>>,
    weights: readonly Weight[],
  ): { readonly weights: readonly Weight[]; readonly warnings: readonly string[] };
  /** Lines on what PEFT does otherwise. */
  warnings(settings: AdapterSettings): readonly string[];
}
