/**
 * The gpu backend beside wasm, TensorFlow.js and gpu.js' own example, in Node.js and in Chromium: `npm run bench:gpu -- --help`.
 * Prints the tables of docs/backends.md.
 */
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { compareInBrowser } from './gpu/browser.ts';
import { type Comparison, tableOf } from './gpu/comparison.ts';
import { costs, model, openBackends, products } from './gpu/node.ts';
import { describeMachine } from './machine.ts';
import { isInstalled } from './peers.ts';
import { toMarkdown } from './table.ts';

const { json } = new Command('npm run bench:gpu --')
  .description('Measures the gpu backend, in Node.js and in a page of Chromium.')
  .option('--json <file>', 'write the results to a file')
  .showHelpAfterError()
  .parse()
  .opts<{ readonly json?: string }>();

const machine = describeMachine();
const comparisons: Comparison[] = [];

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function show(comparison: Comparison): void {
  comparisons.push(comparison);
  print(`\n${toMarkdown(tableOf(comparison))}`);
}

const backends = await openBackends();
print(`${machine.cpu}, ${machine.cores} cores, load ${machine.loadBefore.toFixed(1)}, Node.js ${machine.node}`);
print(`gpu: ${backends.gpu.describe()}\nwasm: ${backends.wasm.describe()}`);
show(await costs(backends));
show(await products(backends));
show(await model());
if (['@tensorflow/tfjs', '@tensorflow/tfjs-backend-webgl'].every(isInstalled)) {
  print('\nIn Chromium');
  for (const comparison of await compareInBrowser(print)) show(comparison);
} else print('\nTensorFlow.js is not installed, so nothing is measured in Chromium: npm run bench:peers');
if (json) writeFileSync(json, `${JSON.stringify({ machine, comparisons }, null, 2)}\n`);
