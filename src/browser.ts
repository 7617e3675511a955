/**
 * What answers in a browser, as one module: the engine, and the rooms above it by their names. `npm run build:browser` bundles it,
 * and beside it what trains and the metrics; a program with a bundler of its own imports the entries of the package instead.
 */
export * as adapters from './adapters/index.ts';
export { questionWindows } from './data/windows.ts';
export * from './index.ts';
export * as io from './io/browser.ts';
export * as models from './models/browser.ts';
export * as nn from './nn/index.ts';
export * as text from './text/browser.ts';
export * as inference from './training/inference.ts';
