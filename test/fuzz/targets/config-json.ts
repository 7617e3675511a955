import { parseModelConfig } from '../../../src/models/index.ts';
import { tinyBart } from '../../support/tiny-bart.ts';
import { tinyBert, tinyRoberta } from '../../support/tiny-model.ts';
import { jsonObject } from '../inputs.ts';
import type { Target } from '../target.ts';

export const target: Target = {
  kind: 'json',
  seeds: [tinyBert, tinyRoberta, tinyBart].map((config) => JSON.stringify(config)),
  read: (input) => void parseModelConfig(jsonObject(input)),
};
