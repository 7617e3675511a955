import type { AdapterSettings } from '../adapters/index.ts';
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
  /** The name in the file of a weight of the adapter. */
  fileName(name: string): string;
  /** Our name and shape of a weight, if it is one of the adapter. */
  ownWeight(weight: Weight): Weight | null;
  /** The fields of `adapter_config.json` that are its own. @throws InputError for what PEFT cannot express */
  config(adapter: PortableAdapter, modulesToSave: readonly string[] | null): Record<string, unknown>;
  /** @throws InputError for a feature that is not supported */
  settings(label: string, config: Readonly<Record<string, unknown>>, weights: readonly Weight[]): AdapterSettings;
  /** Checks that PEFT would use all weights of a file. @returns warnings @throws InputError naming some that it would not */
  check(label: string, config: Readonly<Record<string, unknown>>, weights: readonly Weight[]): string[];
  /** Lines on what PEFT does otherwise. */
  warnings(settings: AdapterSettings): readonly string[];
}
