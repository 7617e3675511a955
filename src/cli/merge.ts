import { type Command, Option } from 'commander';
import { adapterTitle } from '../adapters/index.ts';
import type { BackendName } from '../backends/index.ts';
import { type MergeOptions, majoritySigns, mergeMethods } from '../interchange/index.ts';
import { finiteNumber, fraction, positiveInteger } from '../settings/index.ts';
import { mergeAdapters } from '../training/index.ts';
import { useBackend } from './backend.ts';
import { useModel } from './fetch.ts';
import { jsonOption } from './options.ts';
import { formatBytes, printJson, printTable, warn } from './output.ts';
import { parserOf, shared } from './setting-options.ts';

interface Flags extends MergeOptions {
  readonly output: string;
  readonly model?: string;
  readonly overwrite?: boolean;
  readonly backend: BackendName;
  readonly json?: boolean;
}

export function describeMerge(command: Command): void {
  command
    .description('Merge LoRA adapters of one backbone to one, with the head of the first.')
    .argument('<run...>', 'folders that train wrote, or of PEFT or AdapterHub')
    .addOption(
      new Option('--method <method>', 'how they are merged; the names are those of PEFT')
        .choices(mergeMethods)
        .default('linear'),
    )
    .addOption(
      new Option(
        '--weights <number,...>',
        'a weight for each adapter (default: one divided by their number)',
      ).argParser((text: string) => text.split(',').map((part) => parserOf(finiteNumber)(part.trim()))),
    )
    .addOption(
      new Option('--density <fraction>', 'part of the entries that is kept, for the methods that prune').argParser(
        parserOf(fraction),
      ),
    )
    .addOption(
      new Option(
        '--svd-rank <rank>',
        'rank of the result, for the methods with svd (default: the largest rank)',
      ).argParser(parserOf(positiveInteger)),
    )
    .addOption(
      new Option(
        '--majority-sign <way>',
        'what elects a sign, for the methods with ties: sums, or how many have it (default: total)',
      ).choices(majoritySigns),
    )
    .addOption(shared('seed', { description: 'what the methods with dare keep follows from it' }))
    .addOption(new Option('-o, --output <folder>', 'folder of the merged run').makeOptionMandatory())
    .addOption(new Option('--overwrite', 'replace an earlier output in --output'))
    .addOption(shared('model', { description: 'where the backbone is, if it is not where the adapters say' }))
    .addOption(shared('backend'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ sparse-adapter merge runs/mail runs/news --weights 0.7,0.3 --output runs/both
  $ sparse-adapter merge runs/mail runs/news --method ties --density 0.5 --output runs/both`,
    );
}

export async function merge(command: Command): Promise<void> {
  const { output, backend, json, ...flags } = command.opts<Flags>();
  await useBackend(backend);
  const options = { ...flags, model: flags.model && (await useModel(flags.model)) };
  const { adapter, warnings, files } = await mergeAdapters(command.args, output, options);
  for (const warning of warnings) warn(warning);
  if (json) return printJson({ from: command.args, output, adapter, head: command.args[0], files, warnings });
  printTable([
    ['adapter', adapterTitle(adapter)],
    ['head of', command.args[0]],
    ...Object.entries(files).map(([name, bytes]) => [name, formatBytes(bytes)]),
    ['saved in', output],
  ]);
}
