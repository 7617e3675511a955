import { type Command, Option } from 'commander';
import { adapterTitle } from '../adapters/index.ts';
import type { BackendName } from '../backends/index.ts';
import type { OnnxDType } from '../interchange/index.ts';
import type { Pooling } from '../models/index.ts';
import { type ConversionTarget, conversionTargets, convertAdapter } from '../training/index.ts';
import { useBackend } from './backend.ts';
import { useModel } from './fetch.ts';
import { jsonOption, nameList } from './options.ts';
import { formatBytes, printJson, printTable, warn } from './output.ts';
import { shared } from './setting-options.ts';

interface Flags {
  readonly to: ConversionTarget;
  readonly output: string;
  readonly model?: string;
  readonly name?: string;
  readonly backboneName?: string;
  readonly labels?: readonly string[];
  readonly pooling?: Pooling;
  readonly maxLength?: number;
  readonly dtype?: readonly OnnxDType[];
  readonly overwrite?: boolean;
  readonly backend: BackendName;
  readonly json?: boolean;
}

export function describeConvert(command: Command): void {
  command
    .description('Write an adapter with its head in the files of another library, or convert one of theirs.')
    .argument('<from>', 'folder that train wrote, or one of PEFT or AdapterHub')
    .addOption(
      new Option(
        '--to <format>',
        'files to write: sparse is a run of this package, huggingface a merged checkpoint, onnx a folder for transformers.js',
      )
        .choices(conversionTargets)
        .makeOptionMandatory(),
    )
    .addOption(new Option('-o, --output <folder>', 'folder to write').makeOptionMandatory())
    .addOption(new Option('--overwrite', 'replace an earlier output in --output'))
    .addOption(shared('model', { description: 'where the backbone is, if it is not where the adapter says' }))
    .addOption(new Option('--backbone-name <name>', 'what the written files call the backbone (default: its --model)'))
    .addOption(new Option('--name <name>', 'name of the adapter in files of AdapterHub (default: default)'))
    .addOption(
      new Option('--labels <name,...>', 'class names in their order, for an adapter that does not tell').argParser(
        nameList,
      ),
    )
    .addOption(
      shared('pooling', { description: 'what its head reads, for an adapter that does not tell', defaultText: 'cls' }),
    )
    .addOption(shared('maxLength'))
    .addOption(
      new Option('--dtype <name,...>', 'model files of onnx: fp32, fp16, q8 (default: all)').argParser((text) =>
        text.split(',').map((name) => name.trim()),
      ),
    )
    .addOption(shared('backend'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ sparse-adapter convert runs/mail --to peft --output mail-peft
  $ sparse-adapter convert mail-peft --to sparse --model ./bert-base --labels money,friends --output runs/mail
  $ sparse-adapter convert runs/mail --to huggingface --output mail-model
  $ sparse-adapter convert runs/mail --to onnx --output mail-onnx`,
    );
}

export async function convert(command: Command, from: string): Promise<void> {
  const { output, backend, json, ...flags } = command.opts<Flags>();
  await useBackend(backend);
  const options = { ...flags, model: flags.model && (await useModel(flags.model)) };
  const { adapter, warnings, files } = await convertAdapter(from, output, options);
  for (const warning of warnings) warn(warning);
  if (json) return printJson({ from, to: options.to, output, adapter, files, warnings });
  printTable([
    ['adapter', adapterTitle(adapter)],
    ...Object.entries(files).map(([name, bytes]) => [name, formatBytes(bytes)]),
    ['saved in', output],
  ]);
}
