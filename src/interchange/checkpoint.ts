import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../errors.ts';
import {
  readJsonObject,
  readModelConfig,
  readTextFile,
  serializeSafetensors,
  tokenizerCopies,
  tokenizerFiles,
} from '../io/index.ts';
import {
  type AnyClassifier,
  asSaved,
  encoderNames,
  findArchitecture,
  type HeadKind,
  isEncoderDecoder,
  isEncoderDecoderType,
  isTokenTable,
  longestSequence,
  type ModelConfig,
  ownPooling,
  parseModelConfig,
  SequenceClassifier,
  type TokenClassificationModel,
  underOwnNames,
} from '../models/index.ts';
import type { Parameter } from '../nn/index.ts';
import { label2id, modelClass } from './adapterhub-head.ts';
import { sortedJson } from './fields.ts';

const CONFIG = 'config.json';
const WEIGHTS = 'model.safetensors';
const TOKENIZER_CONFIG = 'tokenizer_config.json';

/** Settings of generation; copied as they are. */
const GENERATION = 'generation_config.json';

/** Where the files come from that a checkpoint has of others. */
export interface CheckpointPlaces {
  /** Of the backbone. */
  readonly folder: string;
  /** Default: the same. */
  readonly tokenizerFolder?: string;
}

/** The files that a checkpoint's folder may have. */
export const checkpointFileNames = [CONFIG, WEIGHTS, GENERATION, ...tokenizerFiles];

/**
 * The files of a classifier of texts or tokens as a plain Hugging Face checkpoint in float32, which needs nothing of this package: configuration with
 * the class names, weights, tokenizer.
 *
 * @param places the folders of the backbone, whose configuration they keep, and of the tokenizer
 * @param parameters what is written: backbone and head
 * @throws InputError for a head that no class of transformers has
 */
export async function checkpointFiles(
  model: AnyClassifier | TokenClassificationModel,
  places: CheckpointPlaces,
  parameters: readonly Parameter[],
): Promise<Record<string, Uint8Array | string>> {
  const { config, labels, headKind } = model;
  const problem = model instanceof SequenceClassifier ? model.problem : undefined;
  if (model instanceof SequenceClassifier && model.head.pooling !== ownPooling(config)) {
    throw new InputError(
      "The head reads the mean of all tokens, which no class of transformers does; a checkpoint needs one trained with --pooling cls (pooling: 'cls').",
    );
  }
  const ids = label2id(labels);
  const { problem_type: _, num_labels: __, ...own } = configOf(places, parameters);
  const fields = {
    ...own,
    architectures: [modelClass(config, headKind)],
    id2label: Object.fromEntries(Object.entries(ids).map(([label, id]) => [id, label])),
    label2id: ids,
    ...(problem && { problem_type: problem }),
    ...inFloat32,
  };
  return {
    [CONFIG]: configFile(fields, places),
    [WEIGHTS]: await weightsFile(parameters, config),
    ...copiesOf(places),
  };
}

/** The content of `config.json` under the names of transformers, with as many tokens as the weights have. */
function configOf({ folder }: CheckpointPlaces, parameters: readonly Parameter[]): Record<string, unknown> {
  const own = underOwnNames(readModelConfig(folder));
  const [rows] = parameters.find(({ name }) => isTokenTable(name))?.shape ?? [];
  return rows === undefined || rows === own.vocab_size ? own : { ...own, vocab_size: rows };
}

/** The type of the weights: transformers 5 rounds them to `dtype`, earlier ones to `torch_dtype`. */
const inFloat32 = { dtype: 'float32', torch_dtype: 'float32' };

/** Returns whether a configuration asks for other numbers than float32. */
const isRounded = (config: Readonly<Record<string, unknown>>): boolean =>
  Object.keys(inFloat32).some((key) => (config[key] ?? 'float32') !== 'float32');

/**
 * The files of a checkpoint with these weights and the configuration and tokenizer of other folders. The configuration stays as it is, but
 * for the class of transformers where another one has these weights, the number of tokens, and the type of the weights.
 *
 * @param head a head whose weights have the names of another kind's
 * @throws InputError if the folder has no `config.json`
 */
export async function checkpointLike(
  places: CheckpointPlaces,
  parameters: readonly Parameter[],
  head?: HeadKind,
): Promise<Record<string, Uint8Array | string>> {
  const stored = readModelConfig(places.folder);
  const own = configOf(places, parameters);
  const architecture = classOf(own, parameters, head);
  const isOther = architecture !== null && !isDeepStrictEqual(own.architectures, [architecture]);
  // What was said of the outputs of another head does not hold any more.
  const { id2label: _, label2id: __, num_labels: ___, problem_type: ____, ...rest } = own;
  const changed = isOther ? { ...rest, architectures: [architecture] } : own;
  const written = isRounded(own) ? { ...changed, ...inFloat32 } : changed;
  return {
    [CONFIG]: isDeepStrictEqual(written, stored)
      ? readTextFile(join(places.folder, CONFIG))
      : configFile(written, places),
    [WEIGHTS]: await weightsFile(parameters, parseModelConfig(own)),
    ...copiesOf(places),
  };
}

/** The class of transformers with a head for answers or texts, or without one; null for another kind of model. */
function classOf(
  { model_type }: Readonly<Record<string, unknown>>,
  parameters: readonly Parameter[],
  head?: HeadKind,
): string | null {
  const type = isEncoderDecoderType(model_type) ? model_type : findArchitecture(model_type)?.type;
  if (type === undefined) return null;
  const has = (module: string) => parameters.some(({ name }) => name.startsWith(`${module}.`));
  const isOfTexts = has('classifier') || has('classification_head');
  const kind = has('qa_outputs') ? 'question-answering' : isOfTexts ? 'sequence-classification' : 'none';
  return modelClass({ model_type: type }, head ?? kind);
}

/** The text of a `config.json`. What is 2.0 in that of the backbone stays so: transformers takes no whole numbers for some fields. */
function configFile(fields: Record<string, unknown>, { folder }: CheckpointPlaces): string {
  const floats = new Set<string>();
  const { otherNames = {} } = findArchitecture(fields.model_type) ?? {};
  for (const [, key, number] of readTextFile(join(folder, CONFIG)).matchAll(/"(\w+)"\s*:\s*(-?\d+)\.0+(?=[\s,}])/g)) {
    floats.add(`"${otherNames[key] ?? key}": ${number}`);
  }
  return sortedJson(fields).replaceAll(/"\w+": -?\d+(?=,?\n)/g, (field) => (floats.has(field) ? `${field}.0` : field));
}

/** The weights as transformers saves them. */
async function weightsFile(parameters: readonly Parameter[], config: ModelConfig): Promise<Uint8Array> {
  const tensors = parameters.map(async (parameter) => ({
    name: parameter.name,
    shape: parameter.shape,
    data: Float32Array.from(await parameter.data()),
  }));
  const modules = isEncoderDecoder(config) ? [] : encoderNames(config).modules;
  const saved = asSaved(await Promise.all(tensors), modules);
  return serializeSafetensors(
    saved.map((tensor) => ({ ...tensor, dtype: 'F32' })),
    { format: 'pt' },
  );
}

/** Copies of the files that no weights change; a tokenizer always says how many tokens the model takes, as Python cuts texts by that. */
function copiesOf({ folder, tokenizerFolder = folder }: CheckpointPlaces): Record<string, Uint8Array | string> {
  const tokenizer = tokenizerCopies(tokenizerFolder);
  const generation = [GENERATION].filter((name) => existsSync(join(folder, name)));
  const copies = {
    ...Object.fromEntries(generation.map((name) => [name, readFileSync(join(folder, name))])),
    ...tokenizer,
  };
  if (Object.keys(tokenizer).length === 0) return copies;
  const own = Object.hasOwn(tokenizer, TOKENIZER_CONFIG) ? readJsonObject(join(tokenizerFolder, TOKENIZER_CONFIG)) : {};
  const longest = longestSequence(parseModelConfig(readModelConfig(folder), join(folder, CONFIG)));
  const { model_max_length: told } = own;
  if (longest === Number.POSITIVE_INFINITY || (typeof told === 'number' && told <= longest)) return copies;
  return { ...copies, [TOKENIZER_CONFIG]: sortedJson({ ...own, model_max_length: longest }) };
}
