import type { DataSettings } from '../settings.ts';
import type { Task } from '../task.ts';
import { classification } from './classification.ts';

export { classification };

const tasks: { readonly [Kind in DataSettings['kind']]: Task } = {
  glue: classification,
  table: classification,
  wordnet: classification,
};

/** The task that data are for. */
export const taskOf = ({ kind }: DataSettings): Task => tasks[kind];
