import { InputError } from '../../errors.ts';
import { sentencePieceFiles, tokenizerFiles } from '../tokenizer-files.ts';

/** The files of a model that are read besides its weights, where they are there. */
const smallFiles = ['config.json', 'generation_config.json', ...tokenizerFiles];
const WEIGHTS = 'model.safetensors';
export const WEIGHTS_INDEX = 'model.safetensors.index.json';

/** Returns the needed files of a model, but for shards: configuration, tokenizer, weights or their index. */
export function modelFiles(names: readonly string[]): string[] {
  const weights = names.includes(WEIGHTS)
    ? [WEIGHTS]
    : names.includes(WEIGHTS_INDEX)
      ? [WEIGHTS_INDEX]
      : tensorFiles(names);
  // A tokenizer.json takes the place of a model of sentencepiece.
  const isNeeded = (name: string) => !sentencePieceFiles.includes(name) || !names.includes('tokenizer.json');
  return [...smallFiles.filter((name) => names.includes(name) && isNeeded(name)), ...weights];
}

const tensorFiles = (names: readonly string[]): string[] => names.filter((name) => /^[^/]*\.safetensors$/.test(name));

/** Returns whether a model can be loaded from these files: one of the chosen ones has the weights, or says where they are. */
export function isWholeModel(names: readonly string[], readIndex: () => Readonly<Record<string, unknown>>): boolean {
  const has = (name: string): boolean => names.includes(name);
  const hasTokenizer =
    ['tokenizer.json', 'vocab.txt', ...sentencePieceFiles].some(has) || (has('vocab.json') && has('merges.txt'));
  if (!has('config.json') || !hasTokenizer) return false;
  if (has(WEIGHTS)) return true;
  return has(WEIGHTS_INDEX) ? shardsOf(readIndex()).every(has) : tensorFiles(names).length === 1;
}

/** The files that the index of a checkpoint names. @throws InputError if it names none */
export function shardsOf({ weight_map: weightMap }: Readonly<Record<string, unknown>>): string[] {
  const shards = [...new Set(Object.values(weightMap ?? {}).map(String))];
  if (shards.length === 0) throw new InputError(`${WEIGHTS_INDEX} has no "weight_map" that names files.`);
  return shards;
}

/** @throws InputError when a repository holds no model that can be read: the message says what is missing */
export function checkModelFiles(names: readonly string[], repository: string): void {
  if (!names.includes('config.json')) {
    throw new InputError(`${repository} has no config.json; it is not a model in the Hugging Face layout.`);
  }
  if (names.includes(WEIGHTS) || names.includes(WEIGHTS_INDEX)) return;
  const tensors = tensorFiles(names);
  if (tensors.length === 1) return;
  if (tensors.length > 1) {
    throw new InputError(
      `${repository} has several weight files (${tensors.join(', ')}) and none is named ${WEIGHTS}.`,
    );
  }
  const others = names.filter((name) => /\.(bin|pt|pth|ckpt|h5|msgpack)$/.test(name));
  const instead = others.length > 0 ? `only ${others.join(', ')}` : 'no weights';
  throw new InputError(
    `${repository} has no safetensors weights, ${instead}; choose a revision or a repository with ${WEIGHTS} (many have one in refs/pr/...), or convert it (in Python, save_pretrained with safe_serialization=True).`,
  );
}
