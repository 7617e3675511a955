import type { DataSettings } from '../settings.ts';
import type { Task } from '../task.ts';
import { classification, datasetName } from './classification.ts';
import { questionAnswering } from './question-answering.ts';

export { classification, datasetName, questionAnswering };

const tasks: { readonly [Kind in DataSettings['kind']]: Task } = {
  glue: classification,
  table: classification,
  dataset: classification,
  wordnet: classification,
  squad: questionAnswering,
};

/** The task that data are for. */
export const taskOf = ({ kind }: DataSettings): Task => tasks[kind];
