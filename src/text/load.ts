import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readBinaryFile, readJsonObject, readTextFile } from '../io/files.ts';
import { addFurtherKinds } from './all-kinds.ts';
import { readTokenizerFiles, type TokenizerFolder } from './folder/index.ts';
import { Tokenizer } from './tokenizer.ts';

// Files are read at once here: nothing can be fetched on the way.
addFurtherKinds();

/**
 * Reads everything that a model folder says of its tokenizer: tokenizer.json, else the vocabulary file of its class
 * (`vocab.txt`, `vocab.json` with `merges.txt`, a model of sentencepiece), put together with tokenizer_config.json,
 * special_tokens_map.json, added_tokens.json and config.json as Hugging Face transformers does.
 *
 * @throws InputError when there is no tokenizer, its class is not known, or a file is not as it must be
 */
export function readTokenizerFolder(folder: string): TokenizerFolder {
  const pathOf = (name: string) => join(folder, name);
  return readTokenizerFiles({
    label: folder,
    has: (name) => existsSync(pathOf(name)),
    pathOf,
    text: (name) => readTextFile(pathOf(name)),
    bytes: (name) => readBinaryFile(pathOf(name)),
    json: (name) => readJsonObject(pathOf(name)),
  });
}

/**
 * The tokenizer of a model folder.
 *
 * @throws InputError when there is none, or one of the files is invalid
 */
export function loadTokenizer(folder: string): Tokenizer {
  const { definition, settings, label } = readTokenizerFolder(folder);
  return new Tokenizer(definition, settings, label);
}
