import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors.ts';
import { readJsonObject, readTextFile } from '../io/files.ts';
import { byteLevelDefinition, type TokenizerConfig, wordPieceDefinition } from './definitions.ts';
import { Tokenizer } from './tokenizer.ts';

/**
 * The tokenizer of a model folder: from `tokenizer.json`, else `vocab.txt` (BERT), else `vocab.json` with `merges.txt`
 * (RoBERTa, BART); with the settings of `tokenizer_config.json` when it is there.
 *
 * @throws InputError when there is none, or one of the files is invalid
 */
export function loadTokenizer(folder: string): Tokenizer {
  const path = (name: string) => join(folder, name);
  const has = (name: string) => existsSync(path(name));
  const config: TokenizerConfig = has('tokenizer_config.json') ? readJsonObject(path('tokenizer_config.json')) : {};

  if (has('tokenizer.json')) {
    return new Tokenizer(readJsonObject(path('tokenizer.json')), config, path('tokenizer.json'));
  }
  if (has('vocab.txt')) {
    const file = path('vocab.txt');
    return new Tokenizer(wordPieceDefinition(readTextFile(file), config, file), config, file);
  }
  if (has('vocab.json') && has('merges.txt')) {
    const file = path('vocab.json');
    const merges = readTextFile(path('merges.txt'));
    return new Tokenizer(byteLevelDefinition(readJsonObject(file), merges, config, file), config, file);
  }
  throw new InputError(
    `${folder} has no tokenizer; put tokenizer.json, vocab.txt, or vocab.json and merges.txt there.`,
  );
}
