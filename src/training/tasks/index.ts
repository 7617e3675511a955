import type { DataSettings } from '../settings.ts';
import type { Task } from '../task.ts';
import { classification } from './classification.ts';
import { questionAnswering } from './question-answering.ts';
import { textGeneration } from './text-generation.ts';

export { classification, questionAnswering, textGeneration };

const tasks: { readonly [Kind in DataSettings['kind']]: Task } = {
  glue: classification,
  table: classification,
  dataset: classification,
  wordnet: classification,
  unknown: classification,
  squad: questionAnswering,
  'unknown-questions': questionAnswering,
  'unknown-texts': textGeneration,
  pairs: textGeneration,
};

/** The task that data are for. */
export const taskOf = ({ kind }: DataSettings): Task => tasks[kind];
