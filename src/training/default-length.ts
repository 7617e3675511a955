import { join } from 'node:path';
import { readModelConfig, resolveModelFolder } from '../io/index.ts';
import { longestSequence, parseModelConfig } from '../models/index.ts';
import type { Task } from './task.ts';

/** As long as the task's inputs are, where the model has positions for that. @throws InputError for an unusable model folder */
export function defaultMaxLength(model: string, { maxLength }: Pick<Task, 'maxLength'>): number {
  const folder = resolveModelFolder(model);
  const config = parseModelConfig(readModelConfig(folder), join(folder, 'config.json'));
  return Math.min(maxLength, longestSequence(config));
}
