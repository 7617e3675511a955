import type { TokenizerDefinition } from '../definitions.ts';
import type { SpecialTokens } from './roles.ts';

/** What a folder says of its tokenizer beside the stages. */
export interface TokenizerSettings {
  readonly specialTokens: SpecialTokens;
  /** The largest number of tokens of an input of the model; null if there is no limit, or none is known. */
  readonly modelMaxLength: number | null;
  /** The side at which too long texts are cut. */
  readonly truncationSide: 'left' | 'right';
  /** Whether `decode` removes the spaces before punctuation and contractions. */
  readonly cleanUpTokenizationSpaces: boolean;
  /** Whether the model gets the token types of the template; else all are 0. */
  readonly usesTypeIds: boolean;
}

/** The languages of the texts that a model reads and writes, by the codes of its tokenizer: `en_XX`. */
export interface Languages {
  readonly source?: string;
  readonly target?: string;
}

/** A tokenizer as its folder has it. */
export interface TokenizerFolder {
  /** The content of a tokenizer.json, in which everything is that the other files add. */
  readonly definition: TokenizerDefinition;
  readonly settings: TokenizerSettings;
  /** The file that the vocabulary is from, for messages. */
  readonly label: string;
  /** That of the texts to be written, where it is another one. */
  readonly target?: TokenizerFolder;
  /** Whether the special tokens of `target` tell the model which language it writes. Default false */
  readonly hasTargetLanguage?: boolean;
}

/** The files of a folder, wherever they are. */
export interface TokenizerFileSource {
  /** The folder, for messages. */
  readonly label: string;
  has(name: string): boolean;
  /** Returns how a file is called in messages. */
  pathOf(name: string): string;
  /** @throws InputError when the file cannot be read */
  text(name: string): string;
  /** @throws InputError when the file cannot be read */
  bytes(name: string): Uint8Array;
  /** @throws InputError when the file cannot be read or holds no JSON object */
  json(name: string): Readonly<Record<string, unknown>>;
}
