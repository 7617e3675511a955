import type { Command } from 'commander';
import { datasetFiles, fetchDataset } from '../data/index.ts';
import { resolveModelFolder } from '../io/index.ts';
import { UsageError } from './errors.ts';
import { useModel, withDisplay } from './fetch.ts';
import { jsonOption } from './options.ts';
import { printJson, printTable } from './output.ts';

interface Flags {
  readonly dataset?: string;
  readonly subset?: string;
  readonly json?: boolean;
}

export function describeDownload(command: Command): void {
  command
    .description('Get the newest commit of a model or a dataset from the Hugging Face hub, for use without a network.')
    .argument('[model]', 'org/name or org/name@revision')
    .option('--dataset <org/name>', 'a dataset instead of a model')
    .option('--subset <name>', 'part of a dataset that has several')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Files go to the cache that all programs of Hugging Face share: HF_HUB_CACHE, or hub in HF_HOME.
What is there already is not downloaded again, and a download that broke off continues where it stopped.

Examples:
  $ sparse-adapter download google-bert/bert-base-uncased
  $ sparse-adapter download --dataset nyu-mll/glue --subset rte`,
    );
}

export async function download(command: Command, model: string | undefined): Promise<void> {
  const { dataset, subset, json } = command.opts<Flags>();
  if ((model === undefined) === (dataset === undefined)) throw new UsageError('name a model, or a --dataset.');
  if (subset !== undefined && dataset === undefined) throw new UsageError('--subset goes with --dataset.');
  const result = model === undefined ? await getDataset(dataset as string, subset) : await getModel(model);
  if (json) printJson(result);
  else printTable(Object.entries(result).flatMap(([name, value]) => [value].flat().map((text) => [name, text])));
}

async function getModel(nameOrPath: string) {
  const name = await useModel(nameOrPath, { update: true });
  return { name, folder: resolveModelFolder(name) };
}

async function getDataset(dataset: string, subset: string | undefined) {
  const fetched = await withDisplay((onProgress) => fetchDataset(dataset, { subset, update: true, onProgress }));
  const { train, evaluation } = datasetFiles(fetched.name, fetched.subset);
  return { ...fetched, train: [...train], evaluation: [...evaluation] };
}
