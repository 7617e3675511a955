import { readTokenizerFiles, Tokenizer } from '../../../src/text/index.ts';
import { vocabulary } from '../../support/tiny-model.ts';
import { jsonObject, tokenizerSeeds } from '../inputs.ts';
import type { Target } from '../target.ts';
import { useTokenizer } from '../use-tokenizer.ts';

const flags = { single_word: false, lstrip: true, rstrip: false, normalized: false, special: true };

/** The files beside a vocabulary, each as a field of one object. */
const seed = {
  'tokenizer_config.json': {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: true,
    model_max_length: 512,
    truncation_side: 'left',
    pad_token: '[PAD]',
    mask_token: { __type: 'AddedToken', content: '[MASK]', ...flags },
    additional_special_tokens: ['<x>'],
    extra_special_tokens: { image_token: '<image>' },
    added_tokens_decoder: { 4: { content: '[MASK]', ...flags }, 31: { content: '<new>', ...flags } },
  },
  'special_tokens_map.json': { cls_token: '[CLS]', sep_token: { content: '[SEP]', ...flags } },
  'added_tokens.json': { '<old>': 30 },
  'config.json': { model_type: 'bert' },
};
const { added_tokens_decoder: _, ...older } = seed['tokenizer_config.json'];

export const target: Target = {
  kind: 'json',
  seeds: [seed, { ...seed, 'tokenizer_config.json': older }, { 'config.json': { model_type: 'bert' } }].map((files) =>
    JSON.stringify(files),
  ),
  read: (input) => {
    const files = jsonObject(input);
    for (const vocab of ['vocab.txt', 'tokenizer.json']) {
      const { definition, settings, label } = readTokenizerFiles({
        label: 'x',
        has: (name) => name === vocab || Object.hasOwn(files, name),
        pathOf: (name) => `x/${name}`,
        text: () => vocabulary.join('\n'),
        bytes: () => new Uint8Array(),
        json: (name) => jsonObject(name === vocab ? new TextEncoder().encode(tokenizerSeeds[0]) : encoded(files[name])),
      });
      useTokenizer(new Tokenizer(definition, settings, label));
    }
  },
};

const encoded = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
