import { promptTuning } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isEncoderDecoder } from '../models/browser.ts';
import { inFile } from './fields.ts';
import type { PeftMethod } from './peft-method.ts';
import { PLACE } from './portable.ts';

/** The only tensor: a row for each virtual token, [tokens, hidden]. */
const TENSOR = 'prompt_embeddings';

/** The end of our name of it. */
const OWN = `${TENSOR}.${PLACE}`;

/** Prompt tuning. */
export const peftPrompt: PeftMethod = {
  peftType: 'PROMPT_TUNING',
  kind: 'prompt-tuning',
  prefix: 'base_model.',
  fields: [
    ...['num_attention_heads', 'num_layers', 'num_transformer_submodules', 'num_virtual_tokens', 'token_dim'],
    ...['prompt_tuning_init', 'prompt_tuning_init_text', 'tokenizer_kwargs', 'tokenizer_name_or_path'],
    'modules_to_save',
  ],
  warnings: () => [],

  fileName: (name) => (name.endsWith(OWN) ? TENSOR : name),

  ownWeight: (weight) => (weight.name === TENSOR ? { ...weight, name: OWN } : null),

  config({ settings, config }, modulesToSave) {
    if (isEncoderDecoder(config)) throw new InputError('Prompt tuning is not written for BART.');
    return {
      modules_to_save: modulesToSave,
      num_attention_heads: config.num_attention_heads,
      num_layers: config.num_hidden_layers,
      num_transformer_submodules: 1,
      num_virtual_tokens: settings.promptLength,
      prompt_tuning_init: 'RANDOM',
      prompt_tuning_init_text: null,
      token_dim: config.hidden_size,
      tokenizer_kwargs: null,
      tokenizer_name_or_path: null,
    };
  },

  meant: (_label, _config, weights) => ({ weights, warnings: [] }),

  settings(label, config, weights) {
    const submodules = config.num_transformer_submodules ?? 1;
    if (submodules !== 1) {
      throw new InputError(
        `${label}: prompt tuning of ${submodules} stacks of a model is not supported; of one it is.`,
      );
    }
    const rows = weights.find(({ name }) => name === OWN)?.shape[0];
    return inFile(label, () =>
      promptTuning.configure({ promptLength: (config.num_virtual_tokens ?? rows) as number | undefined }),
    );
  },
};
