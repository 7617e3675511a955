import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Adapter, type AdapterComposition, AdapterSet } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { openSafetensors, openTorchFile, readJsonObject } from '../io/index.ts';
import type { Parameter } from '../nn/index.ts';
import { printable, shown } from '../settings/index.ts';
import { type HubSetup, isOfBatch, isRunSetup, readSetup, type StoredSetup, setupIn } from './adapterhub-setup.ts';
import { assignStored, type ConfiguredModel, checkShapes } from './assign.ts';
import type { FolderFiles, ReadOptions, StoredAdapter } from './format.ts';
import { readAdapterFiles } from './formats.ts';
import { checkOutputLayer } from './tied-head.ts';

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

/** Returns whether a folder holds an adapter of another library, or a setup that is one. @throws InputError for a damaged setup */
export const isAdapterFolder = (folder: string): boolean =>
  ['adapter_config.json', 'adapter_fusion_config.json'].some((name) => existsSync(join(folder, name))) ||
  isRunSetup(filesIn(folder));

/** The folders below a folder that hold adapters of another library, by name. */
export const adapterFolders = (folder: string): string[] =>
  existsSync(folder) && statSync(folder).isDirectory()
    ? readdirSync(folder).filter((name) => isAdapterFolder(join(folder, name)))
    : [];

/** The composition of a folder that AdapterHub's `save_adapter_setup` wrote; null for another folder. @throws InputError for a damaged file */
export const adapterSetup = (folder: string): HubSetup | null => setupIn(filesIn(folder));

/** The error for a folder that holds adapters in folders of theirs alone. */
export function severalAdapters(folder: string, names: readonly string[]): InputError {
  const setup = adapterSetup(folder);
  const loader = setup && isOfBatch(setup) ? ' (programs load it with loadAdapterSetup)' : '';
  const what = setup
    ? `the setup ${printable(setup.type)} of several adapters (adapter_setup.json), which is not one adapter${loader}`
    : 'no adapter of its own';
  return new InputError(
    `${folder} holds ${what}, and adapters in the folders ${names.map(shown).join(', ')}; give one of these.`,
  );
}

/** Reads the adapter and the head of another library's folder. @throws InputError if it is of neither, or cannot be used here */
export function readAdapterFolder(folder: string, options?: ReadOptions): StoredAdapter {
  const inner = isAdapterFolder(folder) ? [] : adapterFolders(folder);
  if (inner.length > 0) throw severalAdapters(folder, inner);
  return readAdapterFiles(filesIn(folder), options);
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

/** @returns whether the last adapter has a head, which is the model's then. @throws InputError; the model is then as it was */
function attach(
  model: ConfiguredModel,
  adapters: AdapterSet,
  { composition, members }: StoredSetup,
  head: boolean,
): boolean {
  const own = [...model.parameters(), ...(model.constants ?? [])];
  const valuesOf = (parameter: string) => {
    const { backend, operand } = own.find(({ name }) => name === parameter)?.value ?? {};
    return operand && backend?.readSync?.(operand.buffer);
  };
  for (const stored of members.values()) checkOutputLayer(stored, valuesOf);
  const before = adapters.active;
  const added: Adapter[] = [];
  try {
    for (const [name, stored] of members) {
      const check = (parameters: readonly Parameter[]) => checkShapes(model, name, parameters, stored);
      added.push(adapters.add(name, stored.settings, { check }));
    }
    // Weights of the backbone that an adapter trains are in place from here on.
    adapters.activate(composition);
    const hadHead = [...members.values()].map((stored, i) =>
      assignStored(model, added[i], stored, { head: head && i === added.length - 1 }),
    );
    return hadHead.some(Boolean);
  } catch (error) {
    adapters.activate(before);
    for (const { name } of added.reverse()) adapters.remove(name);
    throw error;
  }
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
  const members = new Map([...stored.mixed, [name, stored]]);
  const hasHead = attach(model, adapters, { composition: name, members }, head);
  return { adapters, adapter: adapters.get(name), hasHead, stored };
}

export interface LoadSetupOptions extends Omit<LoadAdapterOptions, 'name'> {
  /** How many texts a batch has, of a `Parallel`. Default 1 */
  readonly texts?: number;
}

export interface LoadedSetup {
  readonly adapters: AdapterSet;
  /** What is active now. */
  readonly composition: AdapterComposition;
  /** Whether the setup had a task head, which is the model's now. */
  readonly hasHead: boolean;
}

/**
 * Attaches the adapters of a folder that AdapterHub's `save_adapter_setup` wrote, each under its name there, and activates their
 * composition: a Stack, a BatchSplit, a Fuse, an Average or a Parallel. The head is that of a stack's last adapter, else the one that all have.
 *
 * Of a Parallel each adapter gets all texts, as in the library, which repeats the batch: give the model the texts once for each adapter,
 * all for the first one, then all for the next.
 *
 * @throws InputError for other compositions, for those that the library computes in another way, and as {@link loadAdapterFolder}; the
 * model is then as it was
 */
export function loadAdapterSetup(model: ConfiguredModel, folder: string, options: LoadSetupOptions = {}): LoadedSetup {
  const { adapters = new AdapterSet(model), head = true, texts } = options;
  const setup = readSetup(filesIn(folder), { head, texts });
  const hasHead = attach(model, adapters, setup, head);
  return { adapters, composition: setup.composition, hasHead };
}
