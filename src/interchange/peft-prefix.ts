import { prefix } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { inFile } from './fields.ts';
import type { PeftMethod } from './peft-method.ts';
import { PLACE } from './portable.ts';

/** The only tensor: for each virtual token a key and then a value of every layer, [tokens, 2 · layers · hidden]. */
const TENSOR = 'prompt_embeddings';

/** The end of our name of it. */
const OWN = `prefix_tuning.prefix_tunings.${PLACE}.self_prefix.control_trans`;

/** Prefix tuning. PEFT saves what its network makes, so that a prefix is always flat in a file. */
export const peftPrefix: PeftMethod = {
  peftType: 'PREFIX_TUNING',
  kind: 'prefix',
  prefix: 'base_model.',
  fields: [
    ...['encoder_hidden_size', 'num_attention_heads', 'num_layers', 'num_transformer_submodules'],
    ...['num_virtual_tokens', 'prefix_projection', 'token_dim', 'modules_to_save'],
  ],
  warnings: ({ prefixShiftsPositions }) =>
    prefixShiftsPositions
      ? []
      : [
          'PEFT counts the positions of a text from the end of the prefix on, and this prefix was trained with positions from 0, so logits differ there; train it with --prefix-shifts-positions (prefixShiftsPositions) for PEFT.',
        ],

  fileName: (name) => (name.endsWith(OWN) ? TENSOR : name),

  ownWeight: (weight) => (weight.name === TENSOR ? { ...weight, name: OWN } : null),

  config({ settings, config }) {
    if (!settings.prefixFlat) {
      throw new InputError('PEFT keeps prefixes without the network that makes them; eject the adapter first.');
    }
    if (config.model_type === 'bart') {
      throw new InputError(
        'PEFT has one prefix for both attentions of a decoder of BART, none for its encoder; write it as adapterhub.',
      );
    }
    if (settings.leaveOut) throw new InputError('PEFT has no prefix that leaves out layers; write it as adapterhub.');
    return {
      encoder_hidden_size: config.hidden_size,
      num_attention_heads: config.num_attention_heads,
      num_layers: config.num_hidden_layers,
      num_transformer_submodules: 1,
      num_virtual_tokens: settings.prefixLength,
      prefix_projection: false,
      token_dim: config.hidden_size,
    };
  },

  meant: (_label, _config, weights) => ({ weights, warnings: [] }),

  settings(label, config, weights) {
    const submodules = config.num_transformer_submodules ?? 1;
    if (submodules !== 1) {
      throw new InputError(`${label}: a prefix in ${submodules} stacks of a model is not supported; in one it is.`);
    }
    const rows = weights.find(({ name }) => name === OWN)?.shape[0];
    return inFile(label, () =>
      prefix.configure({
        prefixLength: (config.num_virtual_tokens ?? rows) as number | undefined,
        prefixFlat: true,
        prefixShiftsPositions: true,
      }),
    );
  },
};
