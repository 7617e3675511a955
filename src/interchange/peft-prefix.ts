import { prefix } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isEncoderDecoder } from '../models/browser.ts';
import { shown } from '../settings/index.ts';
import { inFile, numberField } from './fields.ts';
import type { PeftMethod } from './peft-method.ts';
import { STACKS_OF_BART, stacksOf } from './peft-stacks.ts';
import { PLACE, type Weight } from './portable.ts';

/** The only tensor: for each virtual token a key and then a value of every layer, [tokens, 2 · layers · hidden]. */
const TENSOR = 'prompt_embeddings';

/** The end of our name of it. */
const OWN = `prefix_tuning.prefix_tunings.${PLACE}.self_prefix.control_trans`;

/** The attentions of BART that have a prefix in PEFT: the decoder's own. */
const ATTENTIONS = ['self'];

/** The encoders whose classes of transformers 4 take the keys and values by which PEFT gives them a prefix. */
const TAKE_KEYS = ['bert', 'roberta', 'xlm-roberta', 'camembert', 'electra'];

/**
 * A table with the blocks of other layers, each a key and a value.
 *
 * @param source the place of the block of each layer in the table; null for zeros
 */
function withLayers({ shape: [tokens, width], ...weight }: Weight, block: number, source: readonly (number | null)[]) {
  const values = new Float32Array(tokens * source.length * block);
  for (let token = 0; token < tokens; token++) {
    for (const [layer, from] of source.entries()) {
      if (from === null) continue;
      const start = token * width + from * block;
      values.set(weight.values.subarray(start, start + block), (token * source.length + layer) * block);
    }
  }
  return { ...weight, shape: [tokens, source.length * block], values };
}

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

  // Of two stacks PEFT reads the table twice, four blocks for each layer of the decoder: its own key and value, and two that it drops.
  fileWeights(weight, _, config) {
    if (!isEncoderDecoder(config)) return null;
    const source = Array.from({ length: 2 * config.decoder_layers }, (_, i) => (i % 2 === 0 ? i / 2 : null));
    return [{ ...withLayers(weight, 2 * config.d_model, source), name: TENSOR }];
  },

  ownWeight: (weight) => (weight.name === TENSOR ? { ...weight, name: OWN } : null),

  config({ settings, config, headKind }) {
    if (!settings.prefixFlat) {
      throw new InputError('PEFT keeps prefixes without the network that makes them; eject the adapter first.');
    }
    if (settings.leaveOut) throw new InputError('PEFT has no prefix that leaves out layers; write it as adapterhub.');
    const own = { num_virtual_tokens: settings.prefixLength, prefix_projection: false };
    if (!isEncoderDecoder(config)) {
      if (!TAKE_KEYS.includes(config.model_type)) {
        throw new InputError(
          `PEFT has no prefix on ${shown(config.model_type)}, whose classes take no keys and values; save it as 'sparse'.`,
        );
      }
      const { hidden_size, num_attention_heads, num_hidden_layers } = config;
      const sizes = { encoder_hidden_size: hidden_size, token_dim: hidden_size, num_attention_heads };
      return { ...own, ...sizes, num_layers: num_hidden_layers, num_transformer_submodules: 1 };
    }
    if (String(settings.prefixAttentions) !== String(ATTENTIONS)) {
      throw new InputError(
        `PEFT has prefixes of BART in the decoder's own attention alone; train one with --prefix-attentions (prefixAttentions) ${ATTENTIONS}, or write it as adapterhub.`,
      );
    }
    if (config.model_type === 't5') {
      throw new InputError(
        "PEFT gives the keys of a prefix distances on T5, and here they have none; save it as 'sparse'.",
      );
    }
    if (headKind !== 'text-generation') {
      throw new InputError(
        'PEFT cannot run a prefix on a BART with a head for classes or answers, which takes no keys and values; write it as adapterhub.',
      );
    }
    const { d_model, decoder_layers, decoder_attention_heads } = config;
    const sizes = { encoder_hidden_size: d_model, token_dim: d_model, num_attention_heads: decoder_attention_heads };
    return { ...own, ...sizes, num_layers: 2 * decoder_layers, num_transformer_submodules: STACKS_OF_BART };
  },

  meant(label, config, weights) {
    if (stacksOf(config) !== STACKS_OF_BART) return { weights, warnings: [] };
    const table = weights.find(({ name }) => name === OWN);
    const [, width] = table?.shape ?? [];
    const layers = numberField(label, config, 'num_layers', 0);
    if (!table || !Number.isInteger(layers) || layers < 1 || !(width > 0 && width % (2 * layers) === 0)) {
      throw new InputError(`${label}: ${TENSOR} is no table of the keys and values of ${layers} layers (num_layers).`);
    }
    const source = Array.from({ length: layers }, (_, i) => (2 * i) % layers);
    const own = { ...withLayers(table, width / layers, source), mayBeWider: true };
    return { weights: weights.map((weight) => (weight === table ? own : weight)), warnings: [] };
  },

  settings(label, config, weights) {
    const stacks = stacksOf(config);
    if (stacks !== 1 && stacks !== STACKS_OF_BART) {
      throw new InputError(
        `${label}: num_transformer_submodules is ${shown(stacks)}; prefixes of models with one or two are supported.`,
      );
    }
    const rows = weights.find(({ name }) => name === OWN)?.shape[0];
    return inFile(label, () =>
      prefix.configure({
        prefixLength: (config.num_virtual_tokens ?? rows) as number | undefined,
        prefixFlat: true,
        prefixShiftsPositions: true,
        ...(stacks === STACKS_OF_BART && { prefixAttentions: ATTENTIONS }),
      }),
    );
  },
};
