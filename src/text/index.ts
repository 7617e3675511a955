export * from './browser.ts';
export { loadTokenizer, readTokenizerFolder } from './load.ts';
