/** What trains in a browser, beside what answers there: the rooms by their names. */
export * as data from './data/browser.ts';
export * as optim from './optim/index.ts';
export * as pruning from './pruning/index.ts';
export * as training from './training/browser.ts';
