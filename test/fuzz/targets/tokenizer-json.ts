import { Tokenizer } from '../../../src/text/index.ts';
import { jsonObject, tokenizerSeeds } from '../inputs.ts';
import type { Target } from '../target.ts';

const text = 'A very good film, naïve 北京 and not [MASK] dull.';

export const target: Target = {
  kind: 'json',
  seeds: tokenizerSeeds,
  read: (input) => {
    const tokenizer = new Tokenizer(jsonObject(input));
    const { ids } = tokenizer.encode(text, 'the book', { maxLength: 32 });
    if (!ids.every((id) => Number.isSafeInteger(id) && id >= 0 && id < tokenizer.vocabSize)) {
      throw new Error(`ids that are none: ${ids}`);
    }
    tokenizer.decode(ids);
  },
};
