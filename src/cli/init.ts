import { type Command, Option } from 'commander';
import { checkpointFileNames, checkpointLike } from '../interchange/index.ts';
import { openNewOutput, readModelConfig, resolveModelFolder } from '../io/index.ts';
import { parseModelConfig, randomWeights } from '../models/index.ts';
import { Random } from '../random/index.ts';
import { tokenizerOf } from '../training/index.ts';
import { jsonOption } from './options.ts';
import { formatCount, printJson, printTable } from './output.ts';
import { shared } from './setting-options.ts';

interface Flags {
  readonly output: string;
  readonly overwrite?: boolean;
  readonly seed: number;
  readonly json?: boolean;
}

export function describeInit(command: Command): void {
  command
    .description('Write a model of random weights, to be trained from scratch with --adapter full.')
    .argument('<folder>', 'folder with config.json, which says what model, and a tokenizer; weights in it are not read')
    .addOption(new Option('-o, --output <folder>', 'folder to write').makeOptionMandatory())
    .addOption(new Option('--overwrite', 'replace an earlier output in --output'))
    .addOption(shared('seed'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Example:
  $ sparse-adapter init ./small-bart --seed 1 --output ./small-bart-new
  $ sparse-adapter train --model ./small-bart-new --task xsum --data ./xsum --adapter full --pruning none`,
    );
}

export async function init(command: Command, from: string): Promise<void> {
  const { output, overwrite = false, seed, json } = command.opts<Flags>();
  const { config, weights } = await writeRandomModel(from, { output, overwrite, seed });
  const parameters = weights.reduce((sum, { size }) => sum + size, 0);
  if (json) printJson({ output, model_type: config.model_type, parameters, seed });
  else {
    printTable([
      ['model', String(config.model_type)],
      ['parameters', formatCount(parameters)],
      ['saved in', output],
    ]);
  }
}

async function writeRandomModel(
  from: string,
  { output, overwrite, seed }: { readonly output: string; readonly overwrite: boolean; readonly seed: number },
) {
  const target = openNewOutput(output, checkpointFileNames, { overwrite });
  try {
    const folder = resolveModelFolder(from);
    const config = readModelConfig(folder);
    tokenizerOf({ folder, config: parseModelConfig(config) });
    const weights = randomWeights(config, new Random(seed));
    target.replace(await checkpointLike({ folder }, weights));
    return { config, weights };
  } finally {
    target.close();
  }
}
