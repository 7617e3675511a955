import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AdapterSettings } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import {
  type AdapterFormatName,
  adapterFolders,
  adapterFormats,
  adapterSetup,
  checkpointFileNames,
  checkpointFiles,
  checkpointLike,
  isAdapterFolder,
  type OnnxDType,
  onnxDTypes,
  onnxFileNames,
  portableAdapter,
  severalAdapters,
} from '../interchange/index.ts';
import { contentLength, type FileContent, openNewOutput, recoverOutput, tokenizerCopies } from '../io/index.ts';
import {
  generationFrom,
  isHeadParameter,
  MultipleChoiceModel,
  ownPooling,
  Seq2SeqModel,
  SequenceClassifier,
  TokenClassificationModel,
} from '../models/index.ts';
import { shown } from '../settings/index.ts';
import { type ExternalOptions, type OpenedAdapter, ORIGIN, openExternal, type SharingOptions } from './external.ts';
import { fingerprintsOf } from './fingerprint.ts';
import { loadRun } from './load-run.ts';
import { type CreateModel, createTaskModel, type TaskModel } from './model.ts';
import { unpruned } from './pruning-choice.ts';
import type { Origin } from './records.ts';
import { isFinishedRun, runFileNames, runFiles } from './run-folder.ts';
import { readRun } from './run-record.ts';
import type { RunSettings } from './settings-table.ts';
import { generationSettings, targetLengthOf } from './tasks/text2text-generation.ts';

/** Targets of a conversion: a folder of another library, a run of this library with its sparse file, or a whole model. */
export const conversionTargets = [
  ...(Object.keys(adapterFormats) as AdapterFormatName[]),
  'sparse',
  'huggingface',
  'onnx',
] as const;
export type ConversionTarget = (typeof conversionTargets)[number];

/**
 * Loads an adapter from the folder of a run, of PEFT or of AdapterHub; the format is detected from the files.
 *
 * @throws InputError if it is none of them, or lacks something that the options do not give
 */
export function openAdapter(
  folder: string,
  options: ExternalOptions & SharingOptions = {},
  create: CreateModel = createTaskModel,
): OpenedAdapter {
  if (!existsSync(folder)) throw new InputError(`There is no ${folder}; give the folder of an adapter.`);
  recoverOutput(folder);
  if (isFinishedRun(folder)) return openRun(folder, options, create);
  if (isAdapterFolder(folder)) return openExternal(folder, options, create);
  const inner = adapterFolders(folder);
  const setup = adapterSetup(folder);
  const fused = setup?.type === 'Fuse' ? inner.find((name) => name === setup.children.join(',')) : undefined;
  if (fused !== undefined) return openExternal(join(folder, fused), options, create);
  if (inner.length > 0) throw severalAdapters(folder, inner);
  throw new InputError(
    `${folder} holds no adapter: there is neither sparse-adapter.json of a run nor a configuration of PEFT or AdapterHub.`,
  );
}

function openRun(
  folder: string,
  { model, shared, ...external }: ExternalOptions & SharingOptions,
  create: CreateModel,
): OpenedAdapter {
  const told = (['labels', 'pooling', 'maxLength'] as const).find((key) => external[key] !== undefined);
  if (told) throw new InputError(`${folder} is a run, which has ${told} of its own; leave the option out.`);
  const { model: loaded } = loadRun(folder, { model, shared, isOnlyUsed: shared !== undefined }, create);
  const { config: run, metrics, report, warnings } = readRun(folder);
  const { format_version: __, ...config } = run;
  const settings = model === undefined ? config.settings : { ...config.settings, model };
  return { model: loaded, config: { ...config, settings }, metrics, report, warnings };
}

export interface WriteAdapterOptions {
  readonly to: ConversionTarget;
  /** Name of the adapter in AdapterHub's files. Default `default`. */
  readonly name?: string;
  /** Name of the backbone in the files. Default: the name or path that it has here. */
  readonly backboneName?: string;
  /** The model files of `onnx`. Default: all. */
  readonly dtype?: readonly OnnxDType[];
  /** Replace an earlier output. Default false. */
  readonly overwrite?: boolean;
}

export interface ConvertOptions extends ExternalOptions, WriteAdapterOptions {}

export interface Conversion {
  readonly adapter: AdapterSettings;
  readonly warnings: readonly string[];
  /** Bytes of each file. */
  readonly files: Readonly<Record<string, number>>;
}

const MULTI_LABEL = 'multi_label_classification';

const outputNames = [
  ...runFileNames,
  ...Object.values(adapterFormats).flatMap(({ fileNames }) => fileNames),
  ...checkpointFileNames,
  ...onnxFileNames,
  ORIGIN,
];

/**
 * Writes an adapter with its head in another format.
 *
 * @param from the folder of a run, of PEFT or of AdapterHub
 * @throws InputError for a folder that cannot be read or written, and an adapter that the format cannot express; nothing is written
 */
export const convertAdapter = (from: string, output: string, options: ConvertOptions): Promise<Conversion> =>
  writeAdapter(() => openAdapter(from, options), output, options);

/**
 * Writes an adapter with its head in one of the formats.
 *
 * @param open gives the adapter, once the folder is known to be free
 * @throws InputError for a folder that cannot be written, and an adapter that the format cannot express; nothing is written
 */
export async function writeAdapter(
  open: () => OpenedAdapter | Promise<OpenedAdapter>,
  output: string,
  options: WriteAdapterOptions,
): Promise<Conversion> {
  checkTarget(options);
  const target = openNewOutput(output, outputNames, options);
  try {
    const opened = await open();
    const { files, warnings } = await filesOf(opened, options);
    target.replace(files);
    return {
      adapter: opened.config.settings.adapter,
      warnings: [...new Set([...opened.warnings, ...warnings])],
      files: Object.fromEntries(Object.entries(files).map(([name, content]) => [name, contentLength(content)])),
    };
  } finally {
    target.close();
  }
}

/** @throws InputError for model files that there are not, and for another target than `onnx` */
/** Options that say something of some files alone. */
const optionsOf = {
  '--name (name)': { option: 'name', targets: ['adapterhub'] },
  '--backbone-name (backboneName)': { option: 'backboneName', targets: ['adapterhub', 'peft'] },
  '--dtype (dtype)': { option: 'dtype', targets: ['onnx'] },
} as const satisfies Record<string, { option: keyof WriteAdapterOptions; targets: readonly ConversionTarget[] }>;

function checkTarget(options: WriteAdapterOptions): void {
  const { to, dtype } = options;
  for (const [flag, { option, targets }] of Object.entries(optionsOf)) {
    if (options[option] === undefined || targets.some((target) => target === to)) continue;
    throw new InputError(`${flag} has no effect with ${to} as --to (to); leave it out.`);
  }
  if (dtype === undefined) return;
  const unknown = dtype.find((name) => !onnxDTypes.includes(name));
  if (unknown === undefined && dtype.length > 0) return;
  throw new InputError(
    `--dtype (dtype) must name some of ${onnxDTypes.join(', ')}, not ${unknown === undefined ? 'none' : shown(unknown)}.`,
  );
}

interface Files {
  readonly files: Readonly<Record<string, FileContent>>;
  readonly warnings: readonly string[];
}

async function filesOf(opened: OpenedAdapter, options: WriteAdapterOptions): Promise<Files> {
  const { model, config, metrics, report = null } = options.to === 'peft' ? ejected(opened) : opened;
  const { to, name = 'default', backboneName = config.settings.model } = options;
  if (to === 'onnx') return graphFiles(model, config.settings, options);
  // Tokens that were added are known to a tokenizer that is not the backbone's.
  const { vocabularySize } = config.settings;
  const tokenizer = vocabularySize === undefined ? {} : tokenizerCopies(model.tokenizerFolder);
  if (to === 'sparse') {
    const { files } = await runFiles({ config, metrics, report }, model.saved);
    return { files: { ...files, ...tokenizer }, warnings: [] };
  }
  if ('layeredHead' in model.network && model.network.layeredHead && to !== 'adapterhub') {
    throw new InputError(
      `The head is one of AdapterHub's (layeredHead), which ${to === 'peft' ? "PEFT's files" : 'classes of transformers'} do not have; save as 'sparse' or 'adapterhub'.`,
    );
  }
  if (to === 'huggingface') return { files: await mergedFiles(model), warnings: [] };
  if (model.network instanceof MultipleChoiceModel && to === 'peft') {
    throw new InputError(
      `The files of ${to} have no head that chooses among answers; save as 'sparse', or 'huggingface' for a whole checkpoint.`,
    );
  }
  const mixed = (config.settings.fused ?? []).map((fused) => model.adapters.get(fused.name));
  const portable = await portableAdapter(model.network, model.adapter, backboneName, mixed);
  const { files, warnings } = adapterFormats[to].write(portable, name);
  const pooled =
    portable.pooling === ownPooling(model.network.config)
      ? []
      : ['The head reads the mean of all tokens, which no class of transformers does; in Python its logits differ.'];
  const isMultiLabel = model.network instanceof SequenceClassifier && model.network.problem === MULTI_LABEL;
  const several = isMultiLabel
    ? [`The files do not say that a text can have several labels; give the base model problem_type="${MULTI_LABEL}".`]
    : [];
  const resized =
    vocabularySize === undefined
      ? []
      : [`In Python give the base model as many tokens first: resize_token_embeddings(${vocabularySize}).`];
  const origin: Origin = { config, metrics, fingerprints: fingerprintsOf(files) };
  return {
    files: { ...files, ...tokenizer, [ORIGIN]: `${JSON.stringify(origin, null, 2)}\n` },
    warnings: [...warnings, ...pooled, ...several, ...resized],
  };
}

/** Without the network that made a prefix: PEFT stores its output, which is dense. */
function ejected(opened: OpenedAdapter): OpenedAdapter {
  const { model, config } = opened;
  if (model.adapter.settings.kind !== 'prefix' || !model.adapter.parts.ejected) return opened;
  const { settings: adapter } = model.ejectAdapter();
  return { ...opened, config: { ...config, settings: { ...unpruned(config.settings), adapter }, pruning: null } };
}

/**
 * Does something with a model whose weights are those that its adapter changes.
 *
 * @param mustMerge whether all that the adapter does must be in the weights
 * @throws InputError where that cannot be
 */
async function withMerged<T>(
  { adapters, adapter, isHeld }: TaskModel,
  mustMerge: boolean,
  act: () => Promise<T>,
): Promise<T> {
  if (isHeld) {
    throw new InputError(
      'The backbone is held in fewer bits since the model was used, and cannot be merged with; load the model anew for that.',
    );
  }
  if (mustMerge || adapter.parts.mergedWeights) adapters.merge(adapter.name);
  try {
    return await act();
  } finally {
    adapters.unmerge();
  }
}

/** The model as ONNX files, with the parts of the adapter that are no change of weights. */
async function graphFiles(
  model: TaskModel,
  settings: RunSettings,
  { dtype }: Pick<WriteAdapterOptions, 'dtype'>,
): Promise<Files> {
  const { network, adapter, backbone, folder, tokenizerFolder, tokenizer } = model;
  const { tokenTypes } = tokenizer;
  // Few programs export.
  const { onnxFiles } = await import('../interchange/onnx/index.ts');
  const generation =
    network instanceof Seq2SeqModel
      ? generationSettings(network, targetLengthOf(settings), generationFrom(settings), tokenizer)
      : undefined;
  const { maxLength, sourceLang, targetLang } = settings;
  const warnings: string[] = [];
  const source = {
    ...{ network, adapter, backbone, folder, tokenizerFolder, tokenTypes, maxLength, generation },
    languages: { source: sourceLang, target: targetLang },
    warn: (warning: string) => void warnings.push(warning),
  };
  const files = await withMerged(model, false, () => onnxFiles(source, { dtype }));
  return { files, warnings };
}

/** The checkpoint of the backbone with the adapter merged into its weights. */
function mergedFiles(model: TaskModel): Promise<Files['files']> {
  const { network, adapter, backbone, folder, tokenizerFolder } = model;
  const places = { folder, tokenizerFolder };
  const parameters = [...backbone, ...network.parameters().filter(isHeadParameter)];
  const trainsBackbone = adapter.parameters.some((parameter) => backbone.includes(parameter));
  return withMerged(model, !trainsBackbone, async () => {
    if (network instanceof SequenceClassifier || network instanceof TokenClassificationModel)
      return await checkpointFiles(network, places, parameters);
    if (network instanceof MultipleChoiceModel) return await checkpointLike(places, parameters, network.headKind);
    return await checkpointLike(
      places,
      network instanceof Seq2SeqModel ? [...parameters, ...network.constants] : parameters,
    );
  });
}
