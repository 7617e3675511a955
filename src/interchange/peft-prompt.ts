import { promptTuning } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isEncoderDecoder } from '../models/browser.ts';
import { shown } from '../settings/index.ts';
import { inFile } from './fields.ts';
import type { PeftMethod } from './peft-method.ts';
import { STACKS_OF_BART, stacksOf } from './peft-stacks.ts';
import { PLACE, type Weight } from './portable.ts';

/** The only tensor: a row for each virtual token, [tokens, hidden]. */
const TENSOR = 'prompt_embeddings';

/** The end of our name of it. */
const OWN = `${TENSOR}.${PLACE}`;

/** The first half of the rows: PEFT makes some for both sides of an encoder-decoder, and puts these before the encoder's text. */
function ofEncoder(label: string, weight: Weight): Weight {
  const [rows, width] = weight.shape;
  if (rows % STACKS_OF_BART !== 0) {
    throw new InputError(`${label}: ${TENSOR} has ${rows} rows, which are none for both sides of a model.`);
  }
  const own = rows / STACKS_OF_BART;
  return { ...weight, shape: [own, width], values: weight.values.slice(0, own * width) };
}

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

  fileWeights(weight, _, config) {
    if (!isEncoderDecoder(config)) return null;
    const [tokens, width] = weight.shape;
    const values = new Float32Array(STACKS_OF_BART * tokens * width);
    values.set(weight.values);
    return [{ ...weight, name: TENSOR, shape: [STACKS_OF_BART * tokens, width], values }];
  },

  config({ settings, config, headKind }, modulesToSave) {
    const own = {
      modules_to_save: modulesToSave,
      num_virtual_tokens: settings.promptLength,
      prompt_tuning_init: 'RANDOM',
      prompt_tuning_init_text: null,
      tokenizer_kwargs: null,
      tokenizer_name_or_path: null,
    };
    if (!isEncoderDecoder(config)) {
      const { num_attention_heads, num_hidden_layers: num_layers, hidden_size: token_dim } = config;
      return { ...own, num_attention_heads, num_layers, token_dim, num_transformer_submodules: 1 };
    }
    if (headKind !== 'text-generation') {
      throw new InputError(
        "PEFT cannot run prompt tuning on a BART with a head for classes or answers, which takes no embeddings; save it as 'sparse'.",
      );
    }
    const { encoder_attention_heads: num_attention_heads, encoder_layers: num_layers, d_model: token_dim } = config;
    return { ...own, num_attention_heads, num_layers, token_dim, num_transformer_submodules: STACKS_OF_BART };
  },

  meant(label, config, weights) {
    if (stacksOf(config) === 1) return { weights, warnings: [] };
    return {
      weights: weights.map((weight) => (weight.name === OWN ? ofEncoder(label, weight) : weight)),
      warnings: [],
    };
  },

  settings(label, config, weights) {
    const stacks = stacksOf(config);
    if (stacks !== 1 && stacks !== STACKS_OF_BART) {
      throw new InputError(
        `${label}: num_transformer_submodules is ${shown(stacks)}; prompt tuning of models with one or two is supported.`,
      );
    }
    const rows = weights.find(({ name }) => name === OWN)?.shape[0];
    return inFile(label, () =>
      promptTuning.configure({ promptLength: (config.num_virtual_tokens ?? rows) as number | undefined }),
    );
  },
};
