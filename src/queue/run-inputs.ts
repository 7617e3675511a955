import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { familyOf } from '../adapters/index.ts';
import { getBackend } from '../backends/index.ts';
import { isCompiled, kernelsId } from '../backends/wasm/module.ts';
import { glueFiles, isGlueTask } from '../data/index.ts';
import { isFolder, resolveModelFolder, tokenizerFiles } from '../io/index.ts';
import {
  factsOf,
  isRecord,
  nonEmptyText,
  type OptionFacts,
  type OptionTable,
  strictFields,
  type ValueOf,
  wholeNumber,
} from '../settings/index.ts';
import { type GivenSettings, type RunSettings, settingTable } from '../training/index.ts';

/**
 * The version of the numbers of a run: raised with every change after which the same settings give other weights or scores, though
 * the kernels are the same. Runs of different versions are never compared.
 */
export const numericsVersion = 1;

/** Everything beside its settings that decides the numbers of a run. Digests are the first 16 digits of a SHA-256. */
export type RunInputs = ValueOf<typeof runInputs>;
export const runInputs = strictFields({
  numerics: wholeNumber,
  /** The kernels of the backend, which give the same bits. */
  kernels: nonEmptyText,
  /** Digests of the files of the training and evaluation rows, of configuration and weights, and of the tokenizer. */
  data: nonEmptyText,
  model: nonEmptyText,
  tokenizer: nonEmptyText,
});

/** Digests of the files that runs with a model and data read. @throws InputError if they are not there */
export const fileDigests = (model: string, data: GivenSettings): Pick<RunInputs, 'data' | 'model' | 'tokenizer'> => ({
  data: dataDigest(data),
  ...modelDigests(model),
});

/** The digest of the files of the training and evaluation rows. @throws InputError for the files of a benchmark that are not there */
export const dataDigest = (data: GivenSettings): string => digest(filesOf(data));

/** Digests of the files of a model. @throws InputError if it is not there */
export function modelDigests(model: string): Pick<RunInputs, 'model' | 'tokenizer'> {
  const folder = resolveModelFolder(model);
  const isTokenizer = (name: string) => tokenizerFiles.includes(name);
  const isWeights = (name: string) => name === 'config.json' || /\.(safetensors|bin|index\.json)$/.test(name);
  const own = readdirSync(folder).sort();
  const chosen = (isWanted: (name: string) => boolean) => own.filter(isWanted).map((name) => join(folder, name));
  return { model: digest(chosen(isWeights)), tokenizer: digest(chosen(isTokenizer)) };
}

/** The kernels of the backend that is in use. */
export function kernelsInUse(): string {
  const backend = getBackend();
  if (backend.name !== 'wasm') return backend.describe();
  if (!isCompiled()) throw new Error('The kernels are known once the backend is chosen.');
  return `wasm ${kernelsId()}`;
}

/** The files of the training and evaluation rows. */
function filesOf({ task, data, evalData }: GivenSettings): string[] {
  if (isGlueTask(task) && data !== undefined) return glueFiles(task, data);
  return [data, evalData].flatMap((path) => (path === undefined ? [] : isFolder(path) ? filesIn(path) : [path]));
}

/** The files of a folder, without those of its folders. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => join(folder, name))
    .sort();

function digest(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths.filter((one) => existsSync(one))) {
    const bytes = readFileSync(path);
    hash.update(`${basename(path)} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Settings without the places of files, which differ from machine to machine: what they hold is told by {@link RunInputs}. */
export function portable(settings: RunSettings): RunSettings {
  const { data: _, evalData: __, model, fused, ...rest } = settings;
  return {
    ...rest,
    model: portableModel(model),
    ...(fused && { fused: fused.map(({ run, ...one }) => ({ ...one, run: basename(run) })) }),
  } as RunSettings;
}

/**
 * The settings that tell a run from others: without places, and without those that have their default, so that a setting which is
 * added later leaves the runs that were before it known. A default that changes is a change of the numerics.
 */
export function decisive(settings: RunSettings): Record<string, unknown> {
  const { model: _, adapter, ...rest } = portable(settings);
  const { kind, ...options } = adapter;
  const own = withoutDefaults(options, familyOf(kind).options);
  return { ...withoutDefaults(rest, settingTable()), adapter: { kind, ...own } };
}

/** Those that are not at their declared default; an option that may be left out says more by being there. */
function withoutDefaults(values: object, table: OptionTable<unknown>): Record<string, unknown> {
  const isUsual = ([key, value]: readonly [string, unknown]) => {
    const facts: Partial<OptionFacts<unknown>> = Object.hasOwn(table, key) ? factsOf(table[key]) : {};
    return facts.isOptional !== true && facts.default !== undefined && isDeepStrictEqual(value, facts.default);
  };
  return Object.fromEntries(Object.entries(values).filter((entry) => !isUsual(entry)));
}

/** Settings that were stored before others were added, with the defaults of those that every run has. */
export function completed(settings: unknown): unknown {
  const hasAlways = ({ isStored, isOptional, for: belonging, needs, excludes }: OptionFacts<unknown>) =>
    isStored !== false && !isOptional && !belonging && !needs && !excludes;
  const entries = Object.entries(settingTable() as OptionTable<unknown>).flatMap(([key, declared]) => {
    const facts = factsOf(declared);
    return hasAlways(facts) && facts.default !== undefined ? [[key, facts.default] as const] : [];
  });
  return isRecord(settings) ? { ...Object.fromEntries(entries), ...settings } : settings;
}

/** The name of a package or of a model of the hub, or that of its folder. */
export const portableModel = (model: string): string => (isAbsolute(model) ? basename(model) : model);

/** JSON with sorted keys, so that equal values have equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/**
 * SHA-256 of the full settings and of what they are applied to, its first 16 digits. Files count by what they hold and fused runs by
 * their own hashes, not by where they lie.
 */
export const hashOf = (settings: RunSettings, inputs: RunInputs): string =>
  createHash('sha256')
    .update(canonical({ ...decisive(settings), inputs }))
    .digest('hex')
    .slice(0, 16);
