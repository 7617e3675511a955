import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readBinaryFile, readJsonObject, readTextFile } from '../io/files.ts';
import { addFurtherKinds } from './all-kinds.ts';
import { type Languages, readTokenizerFiles, type TokenizerFolder } from './folder/index.ts';
import { type TargetTokenizer, Tokenizer } from './tokenizer.ts';

// Files are read at once here: nothing can be fetched on the way.
addFurtherKinds();

/**
 * Reads everything that a model folder says of its tokenizer: tokenizer.json, else the vocabulary file of its class
 * (`vocab.txt`, `vocab.json` with `merges.txt`, a model of sentencepiece), put together with tokenizer_config.json,
 * special_tokens_map.json, added_tokens.json and config.json as Hugging Face transformers does.
 *
 * @throws InputError when there is no tokenizer, its class is not known, or a file is not as it must be
 */
export function readTokenizerFolder(folder: string, languages?: Languages): TokenizerFolder {
  const pathOf = (name: string) => join(folder, name);
  const files = {
    label: folder,
    has: (name: string) => existsSync(pathOf(name)),
    pathOf,
    text: (name: string) => readTextFile(pathOf(name)),
    bytes: (name: string) => readBinaryFile(pathOf(name)),
    json: (name: string) => readJsonObject(pathOf(name)),
  };
  return readTokenizerFiles(files, languages);
}

/**
 * The tokenizer of a model folder.
 *
 * @param languages of the texts that the model reads and writes, where its tokenizer has languages; see `Tokenizer.targets`
 * @throws InputError when there is none, or one of the files is invalid
 */
export function loadTokenizer(folder: string, languages?: Languages): Tokenizer {
  const { target, hasTargetLanguage, ...own } = readTokenizerFolder(folder, languages);
  const made = ({ definition, settings, label }: TokenizerFolder, ofTargets?: TargetTokenizer) =>
    new Tokenizer(definition, settings, label, ofTargets);
  return made(own, target && { tokenizer: made(target), hasLanguage: hasTargetLanguage });
}
