import type { AddedToken, TokenFlags } from './added-token.ts';
import type { FolderConfig } from './config.ts';
import type { Role } from './roles.ts';

/** What a kind of model has for a vocabulary when no tokenizer.json is there. */
export type VocabularyFile =
  | { readonly kind: 'wordPiece'; readonly tokens: ReadonlyMap<string, number> }
  | { readonly kind: 'byteLevel'; readonly tokens: ReadonlyMap<string, number>; readonly merges: readonly string[] }
  | {
      readonly kind: 'sentencePiece';
      /** The content of the file that `label` names. */
      readonly bytes: Uint8Array;
      readonly label: string;
      /** The ids of a vocab.json beside it, which few classes have. */
      readonly ids?: ReadonlyMap<string, number>;
    };

/** The stages that a class of tokenizers makes of a vocabulary file, without what depends on added tokens. */
export interface Stages {
  readonly normalizer: unknown;
  readonly pre_tokenizer: unknown;
  readonly decoder: unknown;
  readonly model: Readonly<Record<string, unknown>>;
  /** The tokens of the model. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Tokens that the vocabulary file itself declares as added. */
  readonly added: readonly AddedToken[];
}

export type Fields = FolderConfig['fields'];

/** What a class of tokenizers needs to make its post-processor. */
export interface SpecialIds {
  /** Returns the token of a role. @throws InputError when there is none */
  token(role: Role): string;
  has(token: string): boolean;
  /** Returns the id of a token. @throws InputError when the vocabulary lacks it */
  idOf(token: string): number;
}

/** What the name of a class of tokenizers of Hugging Face transformers says that the files of a folder may leave out. */
export interface ClassFacts {
  /** The special tokens that a folder need not name. */
  readonly tokens: Readonly<Partial<Record<Role, string>>>;
  /** How special tokens are found that are named by their content alone, beside being special. */
  readonly flags?: Readonly<Partial<Record<Role, TokenFlags>>>;
  /** Whether models of this class get the token types of the template; else they get zeros. */
  readonly typeIds: boolean;
  /** Further special tokens, where a folder names `given` (null for none). */
  further?(fields: Fields, given: readonly string[] | null): readonly string[];
}

/** A class of tokenizers whose stages follow from a vocabulary file. */
export interface ClassOf<Kind extends VocabularyFile['kind']> extends ClassFacts {
  readonly kind: Kind;
  /** Whether a vocab.json gives the ids of the pieces of a model of sentencepiece. */
  readonly hasIds?: boolean;
  /** Whether it has a model for each side: source.spm and target.spm. */
  readonly hasSides?: boolean;
  /** Whether its post-processor follows the language of the source text. */
  readonly hasLanguages?: boolean;
  /** The language of a source text that goes before the post-processor of a tokenizer.json, where none is named. */
  readonly sourceLanguage?: string;
  stages(file: Extract<VocabularyFile, { kind: Kind }>, fields: Fields, tokens: Partial<Record<Role, string>>): Stages;
  postProcessor(special: SpecialIds, fields: Fields): unknown;
}

export type TokenizerClass = { [Kind in VocabularyFile['kind']]: ClassOf<Kind> }[VocabularyFile['kind']];
