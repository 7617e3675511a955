import { type TaskName, taskNamed } from '../../data/index.ts';
import type { Task } from '../task.ts';
import { classification } from './classification.ts';
import { questionAnswering } from './question-answering.ts';
import { textGeneration } from './text-generation.ts';

export { classification, questionAnswering, textGeneration };

const tasks: Readonly<Record<TaskName, Task>> = {
  'text-classification': classification,
  'question-answering': questionAnswering,
  'text2text-generation': textGeneration,
};

/** The task of settings, which name it or a well-known dataset. */
export const taskOf = ({ task }: { readonly task: string }): Task => tasks[taskNamed(task) as TaskName];
