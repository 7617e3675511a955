import type { Command } from 'commander';
import type { BackendName } from '../backends/index.ts';
import { encodeExamples } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { type Encoder, embed as embedSequences, loadEncoder, longestSequence, type Pooling } from '../models/index.ts';
import type { HeldDType } from '../nn/index.ts';
import type { Tokenizer } from '../text/index.ts';
import { featureExtraction } from '../training/index.ts';
import { UsageError } from './errors.ts';
import { checkColumns, checkInput, inputOption, readInput, textOption } from './input.ts';
import { interruptedCode, interruptSignal } from './interrupt.ts';
import { jsonOption, outputFileOption, overwriteOption, rejectExplicit } from './options.ts';
import { formatCount, note, printResult } from './output.ts';
import { refuseOwnInput } from './predict-output.ts';
import { shared } from './setting-options.ts';
import { modelOfCheckpoint, modelOfRun } from './used-model.ts';
import { checkVectorsFile, openVectorsFile, vectorLine } from './vectors-file.ts';

interface Flags {
  readonly backboneDtype?: HeldDType;
  readonly model?: string;
  readonly pooling: Pooling;
  readonly normalize?: boolean;
  readonly maxLength?: number;
  readonly input?: string;
  readonly text?: readonly string[];
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly skipInvalid?: boolean;
  readonly backend?: BackendName;
  readonly output?: string;
  readonly overwrite?: boolean;
}

const ofRun = { defaultText: 'that of the run' };

export function describeEmbed(command: Command): void {
  command
    .description('Print one vector per text, as one line of JSON each, by a trained adapter or by a checkpoint.')
    .argument('[run]', 'folder that train --task feature-extraction wrote')
    .addOption(shared('model', { description: 'the model that embeds; beside a run: where its backbone is now' }))
    .addOption(
      shared('pooling', {
        description: 'what the vector is: the mean of the tokens, or the first one',
        defaultText: 'that of the run, else mean',
      }),
    )
    .option('--normalize', 'scale vectors to length 1')
    .addOption(shared('maxLength'))
    .addOption(inputOption())
    .addOption(textOption())
    .addOption(shared('delimiter'))
    .addOption(shared('encoding'))
    .addOption(shared('skipInvalid'))
    .addOption(outputFileOption('.npy or .jsonl file to write instead of printing'))
    .addOption(overwriteOption())
    .addOption(shared('backboneDtype', ofRun))
    .addOption(shared('backend', ofRun))
    .addOption(jsonOption('as it is always here'));
}

/** The model that reads texts, and how it does. */
interface Reader {
  readonly encoder: Encoder;
  readonly tokenizer: Tokenizer;
  readonly maxLength: number;
  readonly pooling: Pooling;
}

export async function embed(command: Command, run: string | undefined): Promise<void> {
  const flags = command.opts<Flags>();
  const { normalize = false, input, text, skipInvalid, delimiter, encoding, output, overwrite } = flags;
  const given = { input, text, skipInvalid, delimiter, encoding };
  if (overwrite && output === undefined) throw new UsageError('--overwrite goes with --output.');
  checkInput(given);
  refuseOwnInput(input, output);
  if (output !== undefined) checkVectorsFile(output, { overwrite });
  checkColumns(text, 'text');
  const { encoder, tokenizer, maxLength, pooling } =
    run === undefined ? await ofCheckpoint(flags) : await trained(command, run, flags);
  const vectorsOf = async function* () {
    for await (const batch of readInput({ ...given, kind: 'text' })) {
      const items = encodeExamples(batch, tokenizer, maxLength);
      yield await embedSequences(encoder, items, { pooling, normalize });
    }
  };
  if (output === undefined) {
    for await (const vectors of vectorsOf()) for (const vector of vectors) printResult(`${vectorLine(vector)}\n`);
    return;
  }
  const signal = interruptSignal(() => note('stopping; nothing is written'));
  const file = openVectorsFile(output, { overwrite });
  try {
    let count = 0;
    for await (const vectors of vectorsOf()) {
      if (signal.aborted) {
        process.exitCode = interruptedCode(signal);
        return;
      }
      file.write(vectors);
      count += vectors.length;
    }
    file.commit();
    note(`${formatCount(count)} vectors in ${output}`);
  } finally {
    file.discard();
  }
}

async function trained(command: Command, run: string, flags: Flags): Promise<Reader> {
  rejectExplicit(command, ['pooling', 'maxLength'], 'is that of the run');
  const { model, tokenizer, settings } = await modelOfRun(run, featureExtraction, flags);
  const { encoder, pooling } = model;
  return { encoder, tokenizer, maxLength: settings.maxLength, pooling };
}

async function ofCheckpoint(flags: Flags): Promise<Reader> {
  const { pooling = 'mean' } = flags;
  const usual = featureExtraction.maxLength;
  const { model: encoder, ...used } = await modelOfCheckpoint(flags, 'that embeds', usual, loadEncoder);
  const { maxLength = used.maxLength } = flags;
  const longest = longestSequence(encoder.config);
  if (maxLength > longest) {
    throw new InputError(`max length ${maxLength} exceeds the ${longest} positions of ${flags.model}; lower it.`);
  }
  return { encoder, tokenizer: used.tokenizer, maxLength, pooling };
}
