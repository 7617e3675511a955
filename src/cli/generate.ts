import type { Command } from 'commander';
import type { BackendName } from '../backends/index.ts';
import { knownDataset } from '../data/index.ts';
import { InputError } from '../errors.ts';
import {
  type GenerationSettings,
  generationFrom,
  generationOptions,
  loadSeq2Seq,
  longestSequence,
  numReturnSequences,
  type Seq2SeqModel,
} from '../models/index.ts';
import type { HeldDType } from '../nn/index.ts';
import { Random } from '../random/index.ts';
import type { ConfigOf } from '../settings/index.ts';
import type { Tokenizer } from '../text/index.ts';
import {
  generationSettings,
  targetLengthOf,
  textGeneration,
  translation,
  translationColumns,
  writeTexts,
} from '../training/index.ts';
import { checkInput, inputOption, readInput } from './input.ts';
import { jsonOption } from './options.ts';
import { printCells, printJsonLine, printResult } from './output.ts';
import { settingOption, shared } from './setting-options.ts';
import { TextStream } from './text-stream.ts';
import { modelOfCheckpoint, modelOfRun } from './used-model.ts';

interface Flags extends ConfigOf<typeof generationOptions> {
  readonly backboneDtype?: HeldDType;
  readonly model?: string;
  readonly input?: string;
  readonly text?: readonly string[];
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly skipInvalid?: boolean;
  readonly numReturnSequences: number;
  readonly maxLength?: number;
  readonly maxTargetLength?: number;
  readonly sourceLang?: string;
  readonly targetLang?: string;
  readonly seed: number;
  readonly backend?: BackendName;
  readonly json?: boolean;
}

const ofRun = { defaultText: 'that of the run' };

export function describeGenerate(command: Command): void {
  command
    .description('Generate text for each input, such as its summary.')
    .argument('[run]', 'folder that train wrote')
    .addOption(
      shared('model', {
        description: 'checkpoint of BART, mBART, Marian or T5; beside a run: where its backbone is now',
      }),
    )
    .addOption(inputOption())
    .option('--text <column>', 'column of a .csv, .tsv, .jsonl or .parquet input with the text', (column) => [column])
    .addOption(shared('delimiter'))
    .addOption(shared('encoding'))
    .addOption(shared('skipInvalid'))
    .addOption(shared('maxLength', ofRun))
    .addOption(shared('sourceLang', ofRun))
    .addOption(shared('targetLang', ofRun))
    .addOption(shared('maxTargetLength', { defaultText: `that of the run, or ${targetLengthOf({})}` }))
    .optionsGroup('Generation:');
  for (const [key, declared] of Object.entries(generationOptions)) command.addOption(settingOption(key, declared));
  command
    .addOption(settingOption('numReturnSequences', numReturnSequences))
    .optionsGroup('Run:')
    .addOption(shared('seed'))
    .addOption(shared('backboneDtype', ofRun))
    .addOption(shared('backend', ofRun))
    .addOption(jsonOption('print one JSON object per input, with the scores of its texts'))
    .addHelpText(
      'after',
      `
Prints one line per text. On a terminal the tokens of a text appear as they are found.

Examples:
  $ sparse-adapter generate runs/xsum --input articles.jsonl --text document
  $ sparse-adapter generate --model ./bart-large-xsum --num-beams 6 < article.txt
  $ sparse-adapter generate runs/xsum --do-sample --top-p 0.9 --num-return-sequences 3 --seed 1 < article.txt`,
    );
}

export async function generate(command: Command, run: string | undefined): Promise<void> {
  const flags = command.opts<Flags>();
  checkInput(flags);
  const { model, tokenizer, maxLength, settings, columns } =
    run === undefined ? await ownWeights(flags) : await trained(run, flags);
  const random = new Random(flags.seed);
  let inputs = 0;
  for await (const batch of readInput({ ...flags, columns, kind: 'text' })) {
    // A terminal shows each text as it comes, so one at a time.
    const size = process.stdout.isTTY && !flags.json ? 1 : batch.length;
    for (let first = 0; first < batch.length; first += size) {
      const examples = batch.slice(first, first + size);
      const ids = examples.map(({ text }) => tokenizer.encode(text, null, { maxLength }).ids);
      const stream =
        size === 1 && !flags.json && flags.numReturnSequences === 1 ? new TextStream(tokenizer.targets) : null;
      const texts = await writeTexts(model, tokenizer, ids, settings, {
        random,
        firstItem: inputs,
        onToken: (_, id) => {
          if (stream) printResult(stream.push(id));
        },
      });
      inputs += examples.length;
      for (const [i, own] of texts.entries()) {
        if (flags.json) printJsonLine({ ...examples[i], generated: own });
        else if (stream) printResult(`${stream.rest(own[0].text)}\n`);
        else for (const { text } of own) printCells([text]);
      }
    }
  }
}

/** The model that generates, its tokenizer and its settings. */
interface Writer {
  readonly model: Seq2SeqModel;
  readonly tokenizer: Tokenizer;
  readonly maxLength: number;
  readonly settings: Partial<GenerationSettings>;
  /** The column of a table to read by default. */
  readonly columns?: readonly string[];
}

/** @throws InputError if more tokens are to be read than the model has positions for */
function inputLength(name: string, { config }: Seq2SeqModel, wanted: number): number {
  const longest = longestSequence(config);
  if (wanted <= longest) return wanted;
  throw new InputError(`max length ${wanted} exceeds the ${longest} positions of ${name}; lower it.`);
}

/** Returns the given maximum length, else `fallback`. @throws InputError if it exceeds the model's positions */
function targetLength({ config }: Seq2SeqModel, wanted: number | undefined, fallback: number): number {
  const longest = config.max_position_embeddings;
  if (wanted !== undefined && wanted > longest) {
    throw new InputError(`max target length ${wanted} exceeds the ${longest} positions of the model; lower it.`);
  }
  return wanted ?? fallback;
}

const asked = (flags: Flags): Partial<GenerationSettings> => ({
  ...generationFrom(flags),
  numReturnSequences: flags.numReturnSequences,
});

async function trained(run: string, flags: Flags): Promise<Writer> {
  const { model, tokenizer, settings } = await modelOfRun(run, textGeneration, flags);
  const known = knownDataset(settings.task);
  return {
    model,
    tokenizer,
    maxLength: inputLength(settings.model, model, flags.maxLength ?? settings.maxLength),
    settings: generationSettings(
      model,
      targetLength(model, flags.maxTargetLength, targetLengthOf(settings)),
      { ...generationFrom(settings), ...asked(flags) },
      tokenizer,
    ),
    columns:
      known?.task === 'text2text-generation'
        ? [known.columns.text]
        : (settings.text ?? (settings.task === translation.name ? [translationColumns.text] : undefined)),
  };
}

async function ownWeights(flags: Flags): Promise<Writer> {
  const { model, tokenizer, maxLength } = await modelOfCheckpoint(
    flags,
    'of BART, mBART, Marian or T5',
    textGeneration.maxLength,
    (folder, random, held) => loadSeq2Seq(folder, random, undefined, { head: 'checkpoint', ...held }),
  );
  const targets = targetLength(model, flags.maxTargetLength, targetLengthOf({}));
  return {
    ...{ model, tokenizer },
    maxLength: inputLength(flags.model ?? '', model, flags.maxLength ?? maxLength),
    settings: generationSettings(model, targets, asked(flags), tokenizer),
  };
}
