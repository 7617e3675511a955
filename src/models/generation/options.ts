import {
  boolean,
  type ConfigOf,
  finiteNumber,
  option,
  positiveInteger,
  positiveNumber,
  wholeNumber,
} from '../../settings/index.ts';
import { beamCount, type GenerationSettings, type Sampling, samplingDefaults, topP } from './settings.ts';

const checkpoint = 'as the checkpoint says';

/** Options of generation, as settings of a run and of the command line. What is left out is as the checkpoint says. */
export const generationOptions = {
  numBeams: option(beamCount, {
    description: 'beams to search; 1 is greedy',
    placeholder: '<count>',
    defaultText: checkpoint,
  }),
  minLength: option(wholeNumber, {
    description: 'shortest text to write',
    placeholder: '<tokens>',
    defaultText: checkpoint,
  }),
  lengthPenalty: option(finiteNumber, {
    description: 'exponent of the length that the score of a beam is divided by; more favours longer texts',
    placeholder: '<exponent>',
    defaultText: checkpoint,
  }),
  earlyStopping: option(boolean, {
    description: 'end a search with as many finished texts as beams',
    defaultText: checkpoint,
  }),
  noRepeatNgramSize: option(wholeNumber, {
    description: 'no run of so many tokens twice; 0 allows it',
    placeholder: '<length>',
    defaultText: checkpoint,
  }),
  doSample: option(boolean, {
    description: 'draw tokens at random, without beams; so do the next three',
    defaultText: checkpoint,
  }),
  temperature: option(positiveNumber, {
    description: 'divides the logits of tokens before one is drawn; less is safer',
    placeholder: '<number>',
    defaultText: `${samplingDefaults.temperature} where tokens are drawn`,
  }),
  topK: option(wholeNumber, {
    description: 'draw among so many of the likeliest tokens; 0 is no limit',
    placeholder: '<count>',
    defaultText: `${samplingDefaults.topK} where tokens are drawn`,
  }),
  topP: option(topP, {
    description: 'draw among the likeliest tokens that together have this probability',
    placeholder: '<fraction>',
    defaultText: `${samplingDefaults.topP} where tokens are drawn`,
  }),
};

/** The texts for each input, of a command that generates. */
export const numReturnSequences = option(positiveInteger, {
  description: 'texts for each input',
  placeholder: '<count>',
  default: 1,
});

/** Returns what the options ask for. Beams leave out samples that were asked for earlier, and the other way round. */
export function generationFrom(given: ConfigOf<typeof generationOptions>): Partial<GenerationSettings> {
  const { temperature, topK, topP, doSample, numBeams } = given;
  const drawing = Object.entries({ temperature, topK, topP }).filter(([, value]) => value !== undefined);
  const isSampled = doSample ?? (drawing.length > 0 || undefined);
  const sampling: Sampling = { ...samplingDefaults, ...Object.fromEntries(drawing) };
  const asked: Partial<GenerationSettings> = {
    numBeams: numBeams ?? (isSampled ? 1 : undefined),
    minLength: given.minLength,
    lengthPenalty: given.lengthPenalty,
    earlyStopping: given.earlyStopping,
    noRepeatNgramSize: given.noRepeatNgramSize,
    sampling: isSampled ? sampling : isSampled === false || numBeams !== undefined ? null : undefined,
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}
