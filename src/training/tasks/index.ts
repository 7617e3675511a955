import { taskNamed } from '../../data/browser.ts';
import type { Task } from '../task.ts';
import { featureExtraction } from './feature-extraction.ts';
import { multipleChoice } from './multiple-choice.ts';
import { questionAnswering } from './question-answering.ts';
import { classification } from './text-classification.ts';
import { textGeneration } from './text2text-generation.ts';
import { tokenClassification } from './token-classification.ts';

export { classification, featureExtraction, multipleChoice, questionAnswering, textGeneration, tokenClassification };

/** All tasks, in the words of Hugging Face's pipelines. */
const tasks = {
  'text-classification': classification,
  'token-classification': tokenClassification,
  'question-answering': questionAnswering,
  'text2text-generation': textGeneration,
  'multiple-choice': multipleChoice,
  'feature-extraction': featureExtraction,
} as const satisfies Readonly<Record<string, Task>>;

export type TaskName = keyof typeof tasks;

/** Names of all tasks. */
export const learnable = Object.keys(tasks) as readonly TaskName[];

/** The task of settings, which name it or a well-known dataset. */
export const taskOf = ({ task }: { readonly task: string }): Task => tasks[taskNamed(task) as TaskName];
