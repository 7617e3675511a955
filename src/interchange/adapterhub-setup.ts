import { type AdapterComposition, type AdapterSettings, batchSplit, configOf, stack } from '../adapters/index.ts';
import { composed } from '../adapters/only-loaded.ts';
import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import { printable, shown } from '../settings/index.ts';
import { adapterFiles, CONFIG, readAdapter, VERSION } from './adapterhub-adapter.ts';
import { isParallel, wiringText } from './adapterhub-bottleneck.ts';
import { FUSION_CONFIG, readFusion } from './adapterhub-fusion.ts';
import { sharedHead, withHead } from './adapterhub-head-files.ts';
import { type Json, sortedJson } from './fields.ts';
import type { FolderFiles, ReadOptions, StoredAdapter } from './format.ts';
import { loraModules } from './modules.ts';
import type { PortableAdapter } from './portable.ts';

export const SETUP = 'adapter_setup.json';

/** A composition in the words of AdapterHub: adapters by name, and compositions within it. */
export interface HubSetup {
  /** `Stack`, `Fuse`, `BatchSplit` and others. */
  readonly type: string;
  readonly children: readonly (string | HubSetup)[];
  /** The number of sequences of each child, of a `BatchSplit`. */
  readonly batchSizes?: readonly number[];
  /** The weights of the children, of an `Average`. */
  readonly weights?: readonly number[];
}

/** The adapters of a setup and how they act together. */
export interface StoredSetup {
  readonly composition: AdapterComposition;
  /** By name, those that others mix before them; one of them has the head, if there is one. */
  readonly members: ReadonlyMap<string, StoredAdapter>;
}

function parsed(label: string, json: unknown): string | HubSetup {
  const { type, children, kwargs } = isJsonObject(json) ? json : {};
  if (typeof type !== 'string' || !Array.isArray(children) || children.length === 0) {
    throw new InputError(`${label} has no adapter_setup with a type and children, as save_adapter_setup writes it.`);
  }
  if (type === 'single') return String(children[0]);
  const { batch_sizes: sizes, weights } = isJsonObject(kwargs) ? kwargs : {};
  return {
    type,
    children: children.map((child) => parsed(label, child)),
    ...(Array.isArray(sizes) && { batchSizes: sizes.map(Number) }),
    ...(Array.isArray(weights) && { weights: weights.map(Number) }),
  };
}

/** The composition that AdapterHub's `save_adapter_setup` wrote; null if there is none. @throws InputError for a damaged file */
export function setupIn(files: FolderFiles): HubSetup | null {
  if (!files.has(SETUP)) return null;
  const label = files.path(SETUP);
  const setup = parsed(label, files.json(SETUP).adapter_setup);
  // The library makes a stack of a single adapter.
  return typeof setup === 'string' ? { type: 'Stack', children: [setup] } : setup;
}

/** The name of the fusion of a `Fuse`, which its folder has too. */
export const fusionName = ({ children }: HubSetup): string => children.map(String).join(',');

/** The name of the adapter that an `Average` is here. */
const averageName = ({ children }: HubSetup): string => `average(${children.map(String).join(',')})`;

/** The compositions that cannot be one model's answer. */
const refusals: Readonly<Record<string, string>> = {
  MultiTask: 'is not supported, as it needs the task of each text; load one of its adapters',
  Split: 'gives each part of a text to another adapter, which is not supported; load one of them from its folder',
};

/** Returns whether a setup is of a type that {@link readSetup} reads for one batch, and that is no adapter of a run. */
export const isOfBatch = ({ type }: HubSetup): boolean => type === 'Parallel' || type === 'BatchSplit';

/**
 * @param texts how many texts of a batch each adapter of a `Parallel` gets
 * @throws InputError for a composition that is not supported
 */
function compositionOf(label: string, setup: HubSetup, texts: number): AdapterComposition {
  const { type, children, batchSizes = [] } = setup;
  const isFlat = children.every((child) => typeof child === 'string');
  if (type === 'Fuse' && isFlat) return fusionName(setup);
  if (type === 'Average' && isFlat) return averageName(setup);
  // The library repeats the batch for each adapter.
  if (type === 'Parallel' && isFlat) {
    return batchSplit(children.map(String).flatMap((name) => Array.from({ length: texts }, () => name)));
  }
  // In the library no stack is in another.
  if (type === 'Stack' && children.every((child) => typeof child === 'string' || child.type !== 'Stack')) {
    return stack(...children.map((child) => (typeof child === 'string' ? child : compositionOf(label, child, texts))));
  }
  if (type === 'BatchSplit' && isFlat) {
    if (batchSizes.length === children.length && batchSizes.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      return batchSplit(children.flatMap((name, i) => Array.from({ length: batchSizes[i] }, () => name)));
    }
    throw new InputError(`${label}: batch_sizes of BatchSplit must be a number of sequences for each adapter.`);
  }
  const within = isFlat ? '' : ' of compositions';
  const reason = Object.hasOwn(refusals, type)
    ? refusals[type]
    : 'is not supported; load its adapters from their folders';
  throw new InputError(`${label}: the setup ${printable(type)}${within} ${reason}.`);
}

const isBottleneck = (settings: AdapterSettings): boolean => settings.kind === 'fusion' || wiringText(settings) !== '';

/** @throws InputError for adapters of a stack of which the library drops what those before compute */
function checkStack(label: string, steps: readonly StoredAdapter[]): void {
  const settings = steps.map((step) => step.settings);
  if (settings.filter(({ kind }) => kind === 'lora').length > 1) {
    throw new InputError(
      `${label}: a Stack of several LoRA adapters is not supported, as AdapterHub gives the result of one to the next instead of adding them; merge them (sparse-adapter merge).`,
    );
  }
  if (settings.some(isParallel) && settings.filter(isBottleneck).length > 1) {
    throw new InputError(
      `${label}: a Stack of parallel adapters and other bottlenecks is not supported, as AdapterHub drops what those before a parallel one add; stack adapters of the kind pfeiffer or houlsby.`,
    );
  }
}

/** What AdapterHub takes to be the same in all sequences of a batch; shorter prefixes it pads without masking them. */
const shared = ({ settings, weights }: StoredAdapter): string =>
  JSON.stringify([
    settings.kind,
    wiringText(settings),
    settings.leaveOut ?? [],
    settings.prefixLength ?? 0,
    settings.kind === 'lora' ? loraModules(weights) : [],
  ]);

/** @throws InputError for adapters side by side that differ in what the library takes to be the same */
function checkSame(label: string, type: string, parts: readonly StoredAdapter[]): void {
  if (new Set(parts.map(shared)).size <= 1) return;
  throw new InputError(
    `${label}: ${type === 'Average' ? 'an' : 'a'} ${type} of adapters that differ in their kind, places or prefixLength is not supported, as AdapterHub takes them to be the same; take adapters of one kind.`,
  );
}

/** @throws InputError for adapters that the library does not run there */
function checkParallel(label: string, parts: readonly StoredAdapter[]): void {
  if (!parts.some(({ settings }) => isParallel(settings))) return;
  throw new InputError(
    `${label}: a Parallel of parallel adapters is not supported, as AdapterHub cannot run it; take adapters of the kind pfeiffer or houlsby.`,
  );
}

/** @throws InputError for an average that the library cannot compute */
function checkAverage(label: string, { children, weights }: HubSetup, parts: readonly StoredAdapter[]): void {
  checkSame(label, 'Average', parts);
  const prefixed = parts.find(({ settings }) => settings.prefixLength !== undefined);
  if (prefixed) {
    throw new InputError(
      `${label}: an Average of prefixes (${prefixed.label}) is not supported, as AdapterHub has none; stack them.`,
    );
  }
  const total = weights?.reduce((sum, weight) => sum + weight, 0) ?? 1;
  if (weights && (weights.length !== children.length || !Number.isFinite(total) || total === 0)) {
    throw new InputError(`${label}: weights of Average must be a number for each adapter, whose sum is not 0.`);
  }
}

/**
 * An average as one adapter of those that it is of. AdapterHub's library takes the mean of what they give times their weights, whose sum is
 * 1, so that it divides by their number once more. Of LoRA and parallel adapters that is what they add.
 */
function averageOf({ children, weights }: HubSetup, parts: readonly StoredAdapter[]): StoredAdapter {
  const given = weights ?? children.map(() => 1);
  const total = given.reduce((sum, weight) => sum + weight, 0);
  const [{ settings }] = parts;
  const last = parts[parts.length - 1];
  return {
    ...last,
    settings: composed.configure({
      adapters: children.map(String),
      factors: given.map((weight) => weight / total / children.length),
      keepsValue: settings.kind === 'lora' || isParallel(settings),
    }),
    weights: [],
    warnings: [],
  };
}

/** Returns the adapters of a part, of which any stands for it in a stack. @throws InputError as {@link readSetup} */
function checked(label: string, setup: HubSetup, members: ReadonlyMap<string, StoredAdapter>): StoredAdapter[] {
  const parts = setup.type === 'Fuse' ? [fusionName(setup)] : setup.children;
  const steps = parts.flatMap((part) => {
    if (typeof part !== 'string') return checked(label, part, members).slice(0, 1);
    const member = members.get(part);
    return member ? [member] : [];
  });
  if (setup.type === 'Stack') checkStack(label, steps);
  if (isOfBatch(setup)) checkSame(label, setup.type, steps);
  if (setup.type === 'Parallel') checkParallel(label, steps);
  if (setup.type === 'Average') checkAverage(label, setup, steps);
  return steps;
}

/** The names of the adapters and fusions of a setup. */
const namesOf = (setup: HubSetup): string[] =>
  setup.type === 'Fuse'
    ? [fusionName(setup)]
    : setup.children.flatMap((child) => (typeof child === 'string' ? [child] : namesOf(child)));

/** Reads the adapters of a setup, each in a folder of its name. @throws InputError for one that is missing */
function readMembers(files: FolderFiles, setup: HubSetup): Map<string, StoredAdapter> {
  const members = new Map<string, StoredAdapter>();
  for (const name of namesOf(setup)) {
    const place = files.folder(name);
    if (place.has(FUSION_CONFIG)) {
      const fused = readFusion(place);
      for (const [mixed, stored] of fused.mixed) members.set(mixed, stored);
      members.set(name, fused);
    } else if (place.has(CONFIG)) {
      members.set(name, members.get(name) ?? readAdapter(place));
    } else {
      throw new InputError(
        `${files.path(SETUP)}: the setup has an adapter ${shown(name)}, and there is no ${place.path(CONFIG)}; save the adapter there (save_adapter).`,
      );
    }
  }
  return members;
}

/** The averages within a setup, and itself if it is one. */
const averagesIn = (setup: HubSetup): HubSetup[] => [
  ...setup.children.flatMap((child) => (typeof child === 'string' ? [] : averagesIn(child))),
  ...(setup.type === 'Average' ? [setup] : []),
];

/**
 * The folder with the head that a setup has: that of a stack's last adapter, as in the library, else one that all share.
 *
 * @throws InputError if there are several
 */
function headFolder(files: FolderFiles, setup: HubSetup, names: readonly string[]): FolderFiles | undefined {
  const last = setup.type === 'Stack' ? setup.children[setup.children.length - 1] : undefined;
  const own = typeof last === 'string' ? sharedHead([files.folder(last)]) : undefined;
  const found = sharedHead([files]) ?? own ?? sharedHead(names.map((name) => files.folder(name)));
  if (found !== null) return found;
  throw new InputError(
    `${files.path(SETUP)}: its adapters have different heads, and a model has one; load it without them (head: false).`,
  );
}

/** The adapters of a setup without heads, and the folder of its head. */
function readWhole(files: FolderFiles, texts: number, head: boolean) {
  const setup = setupIn(files);
  const label = files.path(SETUP);
  if (!setup) throw new InputError(`${files.label} holds no ${SETUP}; give the folder that save_adapter_setup wrote.`);
  const composition = compositionOf(label, setup, texts);
  const members = readMembers(files, setup);
  checked(label, setup, members);
  const place = head ? headFolder(files, setup, [...members.keys()]) : undefined;
  for (const average of averagesIn(setup)) {
    const parts = average.children.flatMap((name) => members.get(String(name)) ?? []);
    members.set(averageName(average), averageOf(average, parts));
  }
  return { composition, members, place };
}

export interface ReadSetupOptions extends ReadOptions {
  /** How many texts of a batch each adapter of a `Parallel` gets. Default 1 */
  readonly texts?: number;
}

/**
 * Reads a setup of AdapterHub's `save_adapter_setup`.
 *
 * @throws InputError for a composition that is not supported, or that the library computes otherwise than this package, and as a single adapter
 */
export function readSetup(files: FolderFiles, { head, texts = 1 }: ReadSetupOptions): StoredSetup {
  const { composition, members, place } = readWhole(files, texts, head);
  const last = [...members.keys()].at(-1);
  const headed =
    last === undefined || !place ? [] : [[last, withHead(members.get(last) as StoredAdapter, place)] as const];
  return { composition, members: new Map([...members, ...headed]) };
}

/** Returns whether a setup is an adapter of a run: what acts does not depend on the batch. @throws InputError for a damaged file */
export function isRunSetup(files: FolderFiles): boolean {
  const setup = setupIn(files);
  return setup?.type === 'Stack' || setup?.type === 'Average';
}

/** Reads a `Stack` or an `Average` as one adapter that mixes others. @throws InputError as {@link readSetup}, and for parts that depend on the batch */
export function readComposed(files: FolderFiles, { head }: ReadOptions): StoredAdapter {
  const { composition, members, place } = readWhole(files, 1, head);
  const names = typeof composition === 'string' ? [composition] : stackedNames(composition);
  if (!names) {
    throw new InputError(
      `${files.path(SETUP)}: a Stack with a part for each sequence of a batch is no adapter of a run; programs load it with loadAdapterSetup.`,
    );
  }
  const own = typeof composition === 'string' ? members.get(composition) : undefined;
  const mixed = new Map([...members].filter(([, stored]) => stored !== own));
  const last = [...members.values()][members.size - 1];
  const stored: StoredAdapter = {
    ...last,
    label: files.label,
    settings: own?.settings ?? composed.configure({ adapters: names }),
    weights: [],
    mixed,
    warnings: [...members.values()].flatMap(({ warnings }) => warnings),
  };
  return place ? withHead(stored, place) : stored;
}

/** The names of a stack of adapters; null if parts of it are no adapters. */
function stackedNames(composition: AdapterComposition): string[] | null {
  if (composition === null || typeof composition === 'string' || !('stack' in composition)) return null;
  const names = composition.stack.filter((part) => typeof part === 'string');
  return names.length === composition.stack.length ? names : null;
}

/** A composition as the library has it in JSON. */
const blockOf = (type: string, names: readonly string[], kwargs?: Json): Json => ({
  type,
  children: names.map((name) => ({ type: 'single', children: [name] })),
  ...(kwargs && { kwargs }),
});

/** The files of a stack or an average, and those of each adapter in a folder of its name. @throws InputError for other parts than single adapters */
export function setupFiles(whole: PortableAdapter): Record<string, Uint8Array | string> {
  const { adapters, factors } = configOf(whole.settings) as { adapters: string[]; factors?: number[] };
  const inner = whole.mixed.find(({ settings }) => settings.kind === composed.kind || settings.kind === 'fusion');
  if (inner) {
    throw new InputError(
      `A setup with ${shown(inner.name)} in it, which mixes others itself, is not written for AdapterHub; save it as 'sparse'.`,
    );
  }
  const total = factors?.reduce((sum, factor) => sum + factor, 0) ?? 1;
  if (factors && Math.abs(total * adapters.length - 1) > 1e-6) {
    throw new InputError(
      `AdapterHub has no average whose factors have the sum ${total}: it is 1 / ${adapters.length} there; save it as 'sparse'.`,
    );
  }
  const setup = factors
    ? blockOf('Average', adapters, { weights: factors.map((factor) => factor / total) })
    : blockOf('Stack', adapters);
  const folders = whole.mixed.flatMap((mixed) =>
    Object.entries(adapterFiles(whole, mixed)).map(([file, content]) => [`${mixed.name}/${file}`, content]),
  );
  return {
    [SETUP]: sortedJson({ adapter_setup: setup, head_setup: whole.head.length > 0 ? true : null, version: VERSION }),
    ...Object.fromEntries(folders),
  };
}
