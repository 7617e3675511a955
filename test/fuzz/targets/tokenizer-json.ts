import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from '../../../src/text/index.ts';
import { jsonObject, tokenizerSeeds } from '../inputs.ts';
import type { Target } from '../target.ts';
import { useTokenizer } from '../use-tokenizer.ts';

const golden = join(import.meta.dirname, '..', '..', 'golden', 'data', 'tokenizers');
const definitions = readdirSync(golden)
  .map((name) => join(golden, name, 'tokenizer.json'))
  .filter((file) => existsSync(file))
  .map((file) => readFileSync(file, 'utf8'));

export const target: Target = {
  kind: 'json',
  seeds: [...tokenizerSeeds, ...definitions],
  read: (input) => useTokenizer(new Tokenizer(jsonObject(input))),
};
