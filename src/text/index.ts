export * from './browser.ts';
export { loadTokenizer } from './load.ts';
