import { type AdapterComposition, type AdapterSettings, batchSplit, stack } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import { printable, shown } from '../settings/index.ts';
import { sharedHead, withHead } from './adapterhub.ts';
import { CONFIG, readAdapter } from './adapterhub-adapter.ts';
import { isParallel, wiringText } from './adapterhub-bottleneck.ts';
import { FUSION_CONFIG, readFusion } from './adapterhub-fusion.ts';
import type { FolderFiles, ReadOptions, StoredAdapter } from './format.ts';
import { loraModules } from './modules.ts';

const SETUP = 'adapter_setup.json';

/** A composition in the words of AdapterHub: adapters by name, and compositions within it. */
export interface HubSetup {
  /** `Stack`, `Fuse`, `BatchSplit` and others. */
  readonly type: string;
  readonly children: readonly (string | HubSetup)[];
  /** The number of sequences of each child, of a `BatchSplit`. */
  readonly batchSizes?: readonly number[];
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
  const { batch_sizes: sizes } = isJsonObject(kwargs) ? kwargs : {};
  return {
    type,
    children: children.map((child) => parsed(label, child)),
    ...(Array.isArray(sizes) && { batchSizes: sizes.map(Number) }),
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

/** The compositions that cannot be one model's answer, or that the library computes in its own way. */
const refusals: Readonly<Record<string, string>> = {
  Average:
    "is not supported, as AdapterHub's library divides the average by the number of adapters once more; make one adapter of them in Python (average_adapter) and save that",
  MultiTask: 'is not supported, as it needs the task of each text; load one of its adapters',
  Parallel: 'has an output for each of its adapters, not one; load one of them from its folder',
  Split: 'gives each part of a text to another adapter, which is not supported; load one of them from its folder',
};

/** Returns whether a setup is of a type that {@link readSetup} reads as several adapters. */
export const isComposed = ({ type }: HubSetup): boolean => type === 'Stack' || type === 'BatchSplit';

/** @throws InputError for a composition that is not supported */
function compositionOf(label: string, setup: HubSetup): AdapterComposition {
  const { type, children, batchSizes = [] } = setup;
  const isFlat = children.every((child) => typeof child === 'string');
  if (type === 'Fuse' && isFlat) return fusionName(setup);
  // In the library no stack is in another.
  if (type === 'Stack' && children.every((child) => typeof child === 'string' || child.type !== 'Stack')) {
    return stack(...children.map((child) => (typeof child === 'string' ? child : compositionOf(label, child))));
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

/** @throws InputError for adapters of a batch that differ in what the library takes to be the same */
function checkSplit(label: string, parts: readonly StoredAdapter[]): void {
  if (new Set(parts.map(shared)).size <= 1) return;
  throw new InputError(
    `${label}: a BatchSplit of adapters that differ in their kind, places or prefixLength is not supported, as AdapterHub takes them to be the same; split among adapters of one kind.`,
  );
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
  if (setup.type === 'BatchSplit') checkSplit(label, steps);
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

/**
 * Reads a setup of AdapterHub's `save_adapter_setup`.
 *
 * @throws InputError for a composition that is not supported, or that the library computes otherwise than this package, and as a single adapter
 */
export function readSetup(files: FolderFiles, { head }: ReadOptions): StoredSetup {
  const setup = setupIn(files);
  const label = files.path(SETUP);
  if (!setup) throw new InputError(`${files.label} holds no ${SETUP}; give the folder that save_adapter_setup wrote.`);
  const composition = compositionOf(label, setup);
  const members = readMembers(files, setup);
  checked(label, setup, members);
  const place = head ? headFolder(files, setup, [...members.keys()]) : undefined;
  const last = [...members.keys()].at(-1);
  const headed =
    last === undefined || !place ? [] : [[last, withHead(members.get(last) as StoredAdapter, place)] as const];
  return { composition, members: new Map([...members, ...headed]) };
}
