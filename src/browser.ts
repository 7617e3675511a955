/**
 * Everything that works in a browser, as one module: the engine, and the rooms above it by their names. `npm run build:browser`
 * bundles it, with pruning and the metrics beside it; a program with a bundler of its own imports the entries of the package instead.
 */
export * as adapters from './adapters/index.ts';
export * as data from './data/browser.ts';
export * from './index.ts';
export * as io from './io/browser.ts';
export * as models from './models/browser.ts';
export * as nn from './nn/index.ts';
export * as optim from './optim/index.ts';
export * as text from './text/browser.ts';
export * as training from './training/browser.ts';
