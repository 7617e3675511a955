import type { Command } from 'commander';
import type { BackendName } from '../backends/index.ts';
import { encodeExamples } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { embed as embedSequences, loadEncoder, longestSequence, type Pooling } from '../models/index.ts';
import type { HeldDType } from '../nn/index.ts';
import { Random } from '../random/index.ts';
import { classification, tokenizerOf } from '../training/index.ts';
import { heldCheckpoint } from './backbone.ts';
import { useBackend } from './backend.ts';
import { UsageError } from './errors.ts';
import { useModel } from './fetch.ts';
import { checkColumns, checkInput, inputOption, readInput, textOption } from './input.ts';
import { jsonOption } from './options.ts';
import { printJsonLine, warn } from './output.ts';
import { shared } from './setting-options.ts';

interface Flags {
  readonly backboneDtype?: HeldDType;
  readonly model?: string;
  readonly pooling: Pooling;
  readonly normalize?: boolean;
  readonly maxLength?: number;
  readonly input?: string;
  readonly text?: readonly string[];
  readonly skipInvalid?: boolean;
  readonly backend: BackendName;
}

export function describeEmbed(command: Command): void {
  command
    .description('Print one vector per text, as one line of JSON each.')
    .addOption(shared('model'))
    .addOption(shared('pooling', { description: 'mean of the tokens, or the first one' }).default('mean'))
    .option('--normalize', 'scale vectors to length 1')
    .addOption(shared('maxLength'))
    .addOption(inputOption())
    .addOption(textOption())
    .addOption(shared('skipInvalid'))
    .addOption(shared('backboneDtype'))
    .addOption(shared('backend'))
    .addOption(jsonOption('as it is always here'));
}

export async function embed(command: Command): Promise<void> {
  const {
    model,
    pooling,
    normalize = false,
    input,
    text,
    skipInvalid,
    backend,
    backboneDtype,
    maxLength,
  } = command.opts<Flags>();
  if (model === undefined) throw new UsageError('--model is missing: the model that embeds.');
  checkInput({ input, text, skipInvalid });
  await useBackend(backend);
  const held = heldCheckpoint({ backboneDtype });
  const loaded = loadEncoder(await useModel(model), new Random(0), held.options);
  for (const warning of [...loaded.warnings, ...held.warnings]) warn(warning);
  const tokenizer = tokenizerOf(loaded, warn);
  const longest = longestSequence(loaded.config);
  const length = maxLength ?? Math.min(classification.maxLength, longest);
  if (length > longest) {
    throw new InputError(`max length ${length} exceeds the ${longest} positions of ${model}; lower it.`);
  }
  checkColumns(text, 'text');
  for await (const batch of readInput({ input, text, skipInvalid, kind: 'text' })) {
    const items = encodeExamples(batch, tokenizer, length);
    for (const vector of await embedSequences(loaded.model, items, { pooling, normalize })) {
      printJsonLine(vector.map(shortest));
    }
  }
}

/** Nine digits tell any two float32 numbers apart. */
const shortest = (value: number): number => Number(value.toPrecision(9));
