import { windowDefaults } from '../../data/index.ts';
import { option, positiveInteger } from '../../settings/index.ts';

export const questionAnsweringSettings = {
  stride: option(positiveInteger, {
    description: 'tokens from the beginning of one window of a text to that of the next',
    placeholder: '<tokens>',
    default: windowDefaults.stride,
    for: { task: ['question-answering'] },
  }),
};
