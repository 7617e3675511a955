export { byteLevelDefinition, sentencePieceDefinition, wordPieceDefinition } from './builders.ts';
export { readTokenizerFiles } from './read-folder.ts';
export type { Role, SpecialTokens } from './roles.ts';
export type { Languages, TokenizerFileSource, TokenizerFolder, TokenizerSettings } from './tokenizer-folder.ts';
