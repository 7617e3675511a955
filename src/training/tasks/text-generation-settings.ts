import { rougeTokenizers } from '../../metrics/index.ts';
import { generationOptions } from '../../models/index.ts';
import { belongingTo, factsOf, oneOf, option, positiveInteger } from '../../settings/index.ts';

const task = ['text2text-generation'] as const;

export const textGenerationSettings = {
  maxTargetLength: option(positiveInteger, {
    description: 'longest text to write; what a model learns from is cut to it',
    placeholder: '<tokens>',
    default: 128,
    for: { task },
  }),
  rougeTokenizer: option(oneOf(rougeTokenizers), {
    description: 'words that ROUGE compares: ascii as the official scorer (a-z and 0-9), unicode for all scripts',
    placeholder: '<name>',
    default: 'ascii',
    for: { task },
  }),
};

/** Tokens of the longest text to write. */
export const targetLengthOf = ({ maxTargetLength }: { readonly maxTargetLength?: number }): number =>
  maxTargetLength ?? factsOf(textGenerationSettings.maxTargetLength).default ?? 0;

/** How texts are written when a model is evaluated. */
export const generationSettings = belongingTo({ task }, generationOptions);
