import { readModelConfig, resolveModelFolder } from '../io/index.ts';
import { longestSequence, parseEncoderConfig } from '../models/index.ts';
import { runDefaults } from './settings.ts';

/** As long as the paper's inputs, where the model has positions for that. @throws InputError for an unusable model folder */
export function defaultMaxLength(model: string): number {
  const config = parseEncoderConfig(readModelConfig(resolveModelFolder(model)));
  return Math.min(runDefaults.maxLength, longestSequence(config));
}
