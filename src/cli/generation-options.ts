import { type Command, Option } from 'commander';
import { type GenerationSettings, samplingDefaults } from '../models/index.ts';
import { anyNumber, naturalNumber, positiveInteger, positiveNumber, ratio } from './options.ts';

/** The options of how texts are generated; what is not given is as the model's checkpoint says. */
export interface GenerationFlags {
  readonly beams?: number;
  readonly minTargetLength?: number;
  readonly lengthPenalty?: number;
  readonly earlyStopping?: boolean;
  readonly uniqueNgrams?: number;
  readonly sample?: boolean;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
}

/** The longest text to write: of what a model learns from, and of what it generates. */
export const maxTargetLengthOption = (fallback: string) =>
  new Option('--max-target-length <tokens>', `longest text to write; by default ${fallback}`).argParser(
    positiveInteger,
  );

/** Adds them to a command, in a group of their own. */
export function addGenerationOptions(command: Command): Command {
  return command
    .optionsGroup('Generation (by default as the checkpoint says):')
    .addOption(new Option('--beams <count>', 'beams to search; 1 is greedy').argParser(positiveInteger))
    .addOption(new Option('--min-target-length <tokens>', 'shortest text to write').argParser(naturalNumber))
    .addOption(
      new Option(
        '--length-penalty <exponent>',
        'of the length that a beam is divided by; more favours longer texts',
      ).argParser(anyNumber),
    )
    .option('--early-stopping', 'end a search with as many finished texts as beams')
    .addOption(
      new Option('--unique-ngrams <length>', 'no run of so many tokens twice; 0 allows it').argParser(naturalNumber),
    )
    .option('--sample', 'draw tokens at random, without beams')
    .addOption(
      new Option(
        '--temperature <number>',
        `samples with it (${samplingDefaults.temperature}); less is safer`,
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option('--top-k <count>', `samples among so many tokens (${samplingDefaults.topK}); 0 is no limit`).argParser(
        naturalNumber,
      ),
    )
    .addOption(
      new Option(
        '--top-p <fraction>',
        'samples among the likeliest tokens that together have this probability',
      ).argParser(ratio),
    );
}

/** What the options ask for. Beams leave out samples that were asked for earlier, and the other way round. */
export function generationAsked(flags: GenerationFlags): Partial<GenerationSettings> {
  const { temperature, topK, topP } = flags;
  const isSampled = flags.sample || [temperature, topK, topP].some((value) => value !== undefined);
  const given = Object.entries({ temperature, topK, topP }).filter(([, value]) => value !== undefined);
  const sampling = isSampled ? { ...samplingDefaults, ...Object.fromEntries(given) } : null;
  const asked: Partial<GenerationSettings> = {
    numBeams: flags.beams ?? (isSampled ? 1 : undefined),
    minLength: flags.minTargetLength,
    lengthPenalty: flags.lengthPenalty,
    earlyStopping: flags.earlyStopping,
    noRepeatNgramSize: flags.uniqueNgrams,
    sampling: isSampled || flags.beams !== undefined ? sampling : undefined,
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}
