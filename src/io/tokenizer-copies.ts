import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sentencePieceFiles, tokenizerFiles } from './tokenizer-files.ts';

/** Returns whether a folder holds a tokenizer, and not settings of one alone. */
export const hasTokenizer = (folder: string): boolean =>
  ['tokenizer.json', 'vocab.txt', 'vocab.json', ...sentencePieceFiles].some((name) => existsSync(join(folder, name)));

/** The files of a folder that say something of its tokenizer, by name, as they are. */
export const tokenizerCopies = (folder: string): Record<string, Uint8Array> =>
  Object.fromEntries(
    tokenizerFiles
      .filter((name) => existsSync(join(folder, name)))
      .map((name) => [name, readFileSync(join(folder, name))]),
  );
