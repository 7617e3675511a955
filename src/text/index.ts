export { loadTokenizer } from './load.ts';
export type { Encoding } from './template.ts';
export { Tokenizer } from './tokenizer.ts';
