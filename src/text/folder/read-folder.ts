import { InputError } from '../../errors.ts';
import { sentencePieceFiles } from '../../io/tokenizer-files.ts';
import { shown } from '../../settings/index.ts';
import type { TokenizerDefinition } from '../definitions.ts';
import { besideDefinition } from './beside-definition.ts';
import { type FolderConfig, readConfig } from './config.ts';
import { roles, type SpecialTokens } from './roles.ts';
import { addSpecialTokens, specialIds, specialTokensOf } from './special-tokens.ts';
import { TokenAdditions } from './token-additions.ts';
import type { TokenizerClass, VocabularyFile } from './tokenizer-class.ts';
import { classOf, type StatedClass } from './tokenizer-classes.ts';
import type { Languages, TokenizerFileSource, TokenizerFolder, TokenizerSettings } from './tokenizer-folder.ts';
import { mergesOfLines, tokensOfLines, tokensOfObject } from './vocabulary-files.ts';

/**
 * The tokenizer of a model folder: of its tokenizer.json, else of the vocabulary file that its class has, put together with
 * what tokenizer_config.json, special_tokens_map.json, added_tokens.json and config.json say.
 *
 * @param languages of the texts; left out: as tokenizer_config.json says, else those of the class
 * @throws InputError when there is no tokenizer, its class is not known, or a file is not as it must be, and for a language that there is not
 */
export function readTokenizerFiles(files: TokenizerFileSource, languages: Languages = {}): TokenizerFolder {
  const json = (name: string) => (files.has(name) ? files.json(name) : undefined);
  const told = readConfig({
    config: json('tokenizer_config.json') ?? {},
    specialTokensMap: json('special_tokens_map.json'),
    addedTokens: json('added_tokens.json'),
    label: files.label,
  });
  const stated = classOf(told.fields.tokenizer_class, json('config.json') ?? {});
  const { hasLanguages = false, hasSides = false } = stated.known ?? {};
  const { source = told.fields.src_lang, target = told.fields.tgt_lang } = languages;
  refuseLanguages(languages, { hasLanguages, hasSides }, files.label);
  const side = (src_lang: typeof source, tgt_lang: typeof target, isTarget: boolean) => {
    const config = { ...told, fields: { ...told.fields, src_lang, tgt_lang } };
    const { definition, specialTokens, label } = files.has('tokenizer.json')
      ? { ...ofDefinition(files, config, stated), label: files.pathOf('tokenizer.json') }
      : ofVocabulary(files, config, stated, isTarget);
    return { definition, settings: settingsOf(definition, specialTokens, config, stated), label };
  };
  // A Marian may be told the language by its source alone, and not by a tokenizer_config.json, which names it for people.
  const own = side(source, hasSides ? languages.target : target, false);
  if (hasSides && !files.has('tokenizer.json')) return { ...own, target: side(null, null, true) };
  return hasLanguages && target ? { ...own, target: side(target, null, true), hasTargetLanguage: true } : own;
}

/** @throws InputError for a language that the class of the tokenizer has no place for */
function refuseLanguages(
  { source, target }: Languages,
  { hasLanguages, hasSides }: { readonly hasLanguages: boolean; readonly hasSides: boolean },
  label: string,
): void {
  if (source !== undefined && !hasLanguages) {
    throw new InputError(
      `${label}: the class of its tokenizer has no source language; leave --source-lang (sourceLang) out.`,
    );
  }
  if (target === undefined || hasLanguages || hasSides) return;
  throw new InputError(
    `${label}: the class of its tokenizer has no target language; leave --target-lang (targetLang) out.`,
  );
}

function ofDefinition(files: TokenizerFileSource, config: FolderConfig, stated: StatedClass) {
  return besideDefinition(files.json('tokenizer.json'), config, stated, files.pathOf('tokenizer.json'));
}

function ofVocabulary(
  files: TokenizerFileSource,
  config: FolderConfig,
  { name, known }: StatedClass,
  isTarget: boolean,
) {
  const found = known?.hasSides ? sideOf(files, config, isTarget) : vocabularyFileOf(files);
  if (found === null) {
    throw new InputError(
      `${files.label} has no tokenizer; put tokenizer.json there, or the vocabulary of its class: vocab.txt, vocab.json ` +
        'with merges.txt, or a .model file of sentencepiece.',
    );
  }
  if (known === null) {
    throw new InputError(
      name === null
        ? `${files.label} does not say of which class its tokenizer is; put tokenizer.json there, or name the tokenizer_class ` +
            'in tokenizer_config.json, such as BertTokenizer for vocab.txt.'
        : `${files.label}: a tokenizer of the class ${name} can be read from tokenizer.json only; put it there.`,
    );
  }
  const { file, label } = found(known);
  if (file.kind !== known.kind) {
    const needed = { wordPiece: 'vocab.txt', byteLevel: 'vocab.json and merges.txt', sentencePiece: 'a .model file' };
    throw new InputError(
      `${label} is no vocabulary of ${name}, which has ${needed[known.kind]}; put that or tokenizer.json there.`,
    );
  }
  return { ...definitionOf(file, known, config, label), label };
}

const idsOf = (files: TokenizerFileSource, name = 'vocab.json') => tokensOfObject(files.json(name), files.pathOf(name));

/** Returns what reads the model of a side with its ids; null if it is not there. */
function sideOf(files: TokenizerFileSource, { fields }: FolderConfig, isTarget: boolean) {
  const model = isTarget ? 'target.spm' : 'source.spm';
  const ids = isTarget && fields.separate_vocabs ? 'target_vocab.json' : 'vocab.json';
  const missing = [model, ids].find((name) => !files.has(name));
  if (missing !== undefined) {
    throw new InputError(`${files.label} has no ${missing}, which a tokenizer of Marian needs; put it there.`);
  }
  const label = files.pathOf(model);
  const file: VocabularyFile = { kind: 'sentencePiece', bytes: files.bytes(model), label, ids: idsOf(files, ids) };
  return () => ({ file, label });
}

/** Returns what reads the vocabulary of a folder; null if there is none. */
function vocabularyFileOf(
  files: TokenizerFileSource,
): ((known: TokenizerClass) => { file: VocabularyFile; label: string }) | null {
  const model = sentencePieceFiles.find((name) => files.has(name));
  if (model !== undefined) {
    const label = files.pathOf(model);
    return ({ hasIds }) => {
      const ids = hasIds && files.has('vocab.json') ? idsOf(files) : undefined;
      return { file: { kind: 'sentencePiece', bytes: files.bytes(model), label, ids }, label };
    };
  }
  if (files.has('vocab.json') && files.has('merges.txt')) {
    const label = files.pathOf('vocab.json');
    return () => {
      const merges = mergesOfLines(files.text('merges.txt'), files.pathOf('merges.txt'));
      return { file: { kind: 'byteLevel', tokens: idsOf(files), merges }, label };
    };
  }
  if (!files.has('vocab.txt')) return null;
  const label = files.pathOf('vocab.txt');
  return () => ({ file: { kind: 'wordPiece', tokens: tokensOfLines(files.text('vocab.txt')) }, label });
}

/** The tokenizer.json that a vocabulary file of a class is equivalent to. */
export function definitionOf(
  file: VocabularyFile,
  known: TokenizerClass,
  config: FolderConfig,
  label: string,
): { readonly definition: TokenizerDefinition; readonly specialTokens: SpecialTokens } {
  const stages = known.stages(file as never, config.fields, specialTokensOf(config, known));
  const added = new TokenAdditions(stages.vocabulary);
  for (const token of [...stages.added, ...config.added]) added.add(token);
  if (known.kind !== 'sentencePiece') checkDefaults(added, config, known, label);
  const specialTokens = addSpecialTokens(added, config, known, false);
  if (known.hasIds) checkKnown(added, stages.vocabulary, label);
  const special = specialIds(added, specialTokens, label);
  return {
    definition: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: added.list(),
      normalizer: stages.normalizer,
      pre_tokenizer: stages.pre_tokenizer,
      post_processor: known.postProcessor(special, config.fields),
      decoder: stages.decoder,
      model: stages.model,
    },
    specialTokens,
  };
}

/**
 * Checks that a vocabulary has the special tokens that no file names: only models of sentencepiece get those they lack.
 *
 * @throws InputError naming the first that it lacks
 */
function checkDefaults(added: TokenAdditions, config: FolderConfig, known: TokenizerClass, label: string): void {
  const tokens = specialTokensOf(config, known);
  for (const role of roles) {
    const token = tokens[role];
    if (token !== undefined && config.roles[role] === undefined) specialIds(added, tokens, label).idOf(token);
  }
}

/**
 * Checks that a vocabulary has all tokens: the class would give another one an id that a token has already.
 *
 * @throws InputError naming the first that it lacks
 */
function checkKnown(added: TokenAdditions, vocabulary: ReadonlyMap<string, number>, label: string): void {
  const other = added.list().find(({ content }) => !vocabulary.has(content));
  if (other === undefined) return;
  throw new InputError(
    `${label}: the token ${shown(other.content)} is neither in vocab.json nor a language of its class; add it there, or take it out of tokenizer_config.json.`,
  );
}

function settingsOf(
  definition: TokenizerDefinition,
  specialTokens: SpecialTokens,
  { fields }: FolderConfig,
  { facts }: StatedClass,
): TokenizerSettings {
  const length = fields.model_max_length ?? fields.max_len ?? null;
  const { truncation, model } = definition as {
    readonly truncation?: { readonly direction?: unknown } | null;
    readonly model?: { readonly type?: unknown } | null;
  };
  return {
    specialTokens,
    // No limit is written as 10^30.
    modelMaxLength: length !== null && Number.isSafeInteger(length) ? length : null,
    truncationSide: fields.truncation_side ?? (truncation?.direction === 'Left' ? 'left' : 'right'),
    // BPE knows where spaces are: to remove some would damage the text.
    cleanUpTokenizationSpaces: (fields.clean_up_tokenization_spaces ?? false) && model?.type !== 'BPE',
    usesTypeIds: fields.model_input_names
      ? fields.model_input_names.includes('token_type_ids')
      : (facts?.typeIds ?? true),
  };
}
