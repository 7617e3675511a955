import { knownDataset, taskNamed } from '../../data/browser.ts';
import { InputError } from '../../errors.ts';
import type { OptionTable } from '../../settings/index.ts';
import type { Task, TaskTypes } from '../task.ts';
import { featureExtraction } from './feature-extraction.ts';
import { multipleChoice } from './multiple-choice.ts';
import { questionAnswering } from './question-answering.ts';
import { classification } from './text-classification.ts';
import { textGeneration } from './text2text-generation.ts';
import { tokenClassification } from './token-classification.ts';
import { translation } from './translation.ts';

export {
  classification,
  featureExtraction,
  multipleChoice,
  questionAnswering,
  textGeneration,
  tokenClassification,
  translation,
};

/** All tasks, in the words of Hugging Face's pipelines. */
const tasks = {
  'text-classification': classification,
  'token-classification': tokenClassification,
  'question-answering': questionAnswering,
  'text2text-generation': textGeneration,
  translation,
  'multiple-choice': multipleChoice,
  'feature-extraction': featureExtraction,
} as const satisfies Readonly<Record<string, Task>>;

export type TaskName = keyof typeof tasks;

const known = new Map<string, Task>(Object.entries(tasks));

/** Makes a task known under its name to settings; its own settings are options then. @throws Error if the name is taken */
export function registerTask<T extends TaskTypes>(task: Task<T>): void {
  if (known.has(task.name) || knownDataset(task.name)) throw new Error(`There is a task '${task.name}' already.`);
  if (task.usedAs !== undefined && !Object.hasOwn(tasks, task.usedAs))
    throw new Error(`A task cannot be used as '${task.usedAs}'; there are: ${Object.keys(tasks).join(', ')}.`);
  known.set(task.name, task as unknown as Task);
}

/** The task as one of which a model that was trained for `task` is used: itself, or what a task of a plugin says. */
export const usedTask = (task: Task): Task => known.get(task.usedAs ?? task.name) ?? task;

/** Names of all tasks, in the order of registration. */
export const learnableTasks = (): string[] => [...known.keys()];

/** The settings that registered tasks declare. */
export const ownTaskSettings = (): OptionTable<unknown> =>
  Object.fromEntries([...known.values()].flatMap(({ settings = {} }) => Object.entries(settings)));

/** Names of tasks whose settings a task takes too. */
export const alsoSettingsOf = (name: string): readonly string[] => known.get(name)?.takesSettingsOf ?? [];

/** The task of settings, which name it or a well-known dataset. @throws InputError naming the tasks there are */
export function taskOf({ task: given }: { readonly task: string }): Task {
  const name = taskNamed(given);
  const task = known.get(name);
  if (task) return task;
  throw new InputError(`There is no task '${name}'; there are: ${learnableTasks().join(', ')}.`);
}
