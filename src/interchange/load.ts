import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Adapter, AdapterSet } from '../adapters/index.ts';
import { isJsonObject, openSafetensors, openTorchFile, readJsonObject } from '../io/index.ts';
import { assignStored, type ConfiguredModel } from './assign.ts';
import type { FolderFiles, ReadOptions, StoredAdapter } from './format.ts';
import { readAdapterFiles } from './formats.ts';
import { trainedOutput } from './tied-head.ts';

/** The files of a folder on the disk. */
const filesIn = (folder: string): FolderFiles => ({
  label: folder,
  path: (name) => join(folder, name),
  has: (name) => existsSync(join(folder, name)),
  json: (name) => readJsonObject(join(folder, name)),
  safetensors: (name) => openSafetensors(join(folder, name)),
  pickle: (name) => openTorchFile(join(folder, name)),
  folder: (name) => filesIn(join(folder, name)),
});

/** Returns whether a folder holds an adapter of another library. */
export const isAdapterFolder = (folder: string): boolean =>
  ['adapter_config.json', 'adapter_fusion_config.json'].some((name) => existsSync(join(folder, name)));

/** The folders below a folder that hold adapters of another library, by name. */
export const adapterFolders = (folder: string): string[] =>
  existsSync(folder) && statSync(folder).isDirectory()
    ? readdirSync(folder).filter((name) => isAdapterFolder(join(folder, name)))
    : [];

/** The composition that AdapterHub's `save_adapter_setup` wrote: its type, and the names of single adapters in it; null if there is none. */
export function adapterSetup(folder: string): { readonly type: string; readonly names: readonly string[] } | null {
  const path = join(folder, 'adapter_setup.json');
  if (!existsSync(path)) return null;
  const { adapter_setup: setup } = readJsonObject(path);
  const { type, children } = isJsonObject(setup) ? setup : {};
  const parts = Array.isArray(children) ? children.filter(isJsonObject) : [];
  const names = parts.flatMap((part) => (part.type === 'single' && Array.isArray(part.children) ? part.children : []));
  return { type: String(type), names: names.map(String) };
}

/** Reads the adapter and the head of another library's folder. @throws InputError if it is of neither, or cannot be used here */
export const readAdapterFolder = (folder: string, options?: ReadOptions): StoredAdapter =>
  readAdapterFiles(filesIn(folder), options);

/** The names of the parameters that BART's output layer is. */
const outputParameters: Readonly<Record<string, string>> = {
  'lm_head.weight': 'model.shared.weight',
  final_logits_bias: 'final_logits_bias',
};

/** @throws InputError if the folder has another output layer than the model */
function checkOutputLayer(model: ConfiguredModel, { label, tied = [] }: StoredAdapter): void {
  const own = new Map([...model.parameters(), ...(model.constants ?? [])].map((one) => [one.name, one]));
  const other = tied.find(({ name, values }) => {
    const { backend, operand } = own.get(outputParameters[name])?.value ?? {};
    const held = operand && backend?.readSync?.(operand.buffer);
    return held?.length !== values.length || held.some((value, i) => value !== values[i]);
  });
  if (other) throw trainedOutput(label, other);
}

export interface LoadAdapterOptions {
  /** Name of the adapter in the model. Default `default`. */
  readonly name?: string;
  /** The adapters of the model, if it has some already. */
  readonly adapters?: AdapterSet;
  /** Whether the folder's task head replaces the model's. Default true. */
  readonly head?: boolean;
}

export interface LoadedAdapter {
  readonly adapters: AdapterSet;
  readonly adapter: Adapter;
  /** Whether the folder had a task head, which is the model's now. */
  readonly hasHead: boolean;
  readonly stored: StoredAdapter;
}

/**
 * Attaches and activates the adapter of a PEFT or AdapterHub folder; a fusion brings the adapters that it mixes.
 *
 * @throws InputError as {@link readAdapterFolder} and {@link assignStored}; the model is then as it was
 */
export function loadAdapterFolder(
  model: ConfiguredModel,
  folder: string,
  options: LoadAdapterOptions = {},
): LoadedAdapter {
  const { name = 'default', adapters = new AdapterSet(model), head = true } = options;
  const stored = readAdapterFolder(folder, { head });
  checkOutputLayer(model, stored);
  const before = adapters.active;
  const added: string[] = [];
  const add = (as: string, from: StoredAdapter) => {
    const adapter = adapters.add(as, from.settings);
    added.unshift(as);
    return adapter;
  };
  try {
    for (const [as, from] of stored.mixed) assignStored(model, add(as, from), from, { head: false });
    const adapter = add(name, stored);
    // Weights of the backbone that it trains are in place from here on.
    adapters.activate(name);
    const hasHead = assignStored(model, adapter, stored, { head });
    return { adapters, adapter, hasHead, stored };
  } catch (error) {
    adapters.activate(before);
    for (const as of added) adapters.remove(as);
    throw error;
  }
}
