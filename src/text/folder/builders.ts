import { InputError } from '../../errors.ts';
import type { TokenizerConfig, TokenizerDefinition } from '../definitions.ts';
import { readConfig } from './config.ts';
import { definitionOf } from './read-folder.ts';
import type { VocabularyFile } from './tokenizer-class.ts';
import { classNames, classOf } from './tokenizer-classes.ts';
import { mergesOfLines, tokensOfLines, tokensOfObject } from './vocabulary-files.ts';

/** @param fallback the class of a configuration that names none */
function built(
  file: VocabularyFile,
  config: TokenizerConfig,
  fallback: string | null,
  label: string,
): TokenizerDefinition {
  const read = readConfig({ config, label });
  const { name, known } = classOf(read.fields.tokenizer_class ?? fallback, {});
  if (known?.kind === file.kind) return definitionOf(file, known, read, label).definition;
  throw new InputError(
    `${label}: tokenizer_class must name a class with such a vocabulary, not ${name}; known are ${classNames().join(', ')}.`,
  );
}

/**
 * The tokenizer.json equivalent to a `vocab.txt`, a token per line: that of BERT, or of the `tokenizer_class` in `config`.
 *
 * @param config the content of tokenizer_config.json
 * @param label names the file in messages
 * @throws InputError when a special token is not in the vocabulary, or the configuration is not as it must be
 */
export const wordPieceDefinition = (vocabText: string, config: TokenizerConfig, label: string): TokenizerDefinition =>
  built({ kind: 'wordPiece', tokens: tokensOfLines(vocabText) }, config, 'BertTokenizer', label);

/**
 * The tokenizer.json equivalent to a `vocab.json` and a `merges.txt` (byte-level BPE): that of RoBERTa, or of the
 * `tokenizer_class` in `config`.
 *
 * @param config the content of tokenizer_config.json
 * @param label names the vocabulary's file in messages
 * @throws InputError when the vocabulary does not map to ids or lacks a special token, or a merge is none
 */
export function byteLevelDefinition(
  vocab: Readonly<Record<string, unknown>>,
  mergesText: string,
  config: TokenizerConfig,
  label: string,
): TokenizerDefinition {
  const merges = mergesOfLines(mergesText, 'merges.txt');
  return built({ kind: 'byteLevel', tokens: tokensOfObject(vocab, label), merges }, config, 'RobertaTokenizer', label);
}

/**
 * The tokenizer.json equivalent to a model of sentencepiece (`spiece.model`, `spm.model`, `sentencepiece.bpe.model`,
 * `tokenizer.model`), which does not tell the class: `config` must name it.
 *
 * @param config the content of tokenizer_config.json
 * @param label names the model's file in messages
 * @throws InputError when the file is damaged, or `config` names no class that has such models
 */
export const sentencePieceDefinition = (
  file: Uint8Array,
  config: TokenizerConfig,
  label: string,
): TokenizerDefinition => built({ kind: 'sentencePiece', bytes: file, label }, config, null, label);
