import { InputError } from '../errors.ts';
import { printable } from '../settings/index.ts';
import { architectureOf } from './architectures.ts';
import { seq2SeqArchitectureOf } from './encoder-decoders.ts';
import { isEncoderDecoder, type ModelConfig } from './model-config.ts';

/** Constants that Python stores with the weights. */
const isBuffer = (name: string): boolean =>
  /(^|\.)(position_ids|token_type_ids|version|_float_tensor|EncDecAttention\.relative_attention_bias\.weight)$/.test(
    name,
  );

/** Weights of adapters that were saved in a checkpoint. */
const isOfAdapter = (name: string): boolean =>
  /(^|\.)(adapters|loras|lora_\w+|prefix_tunings|prefix_tuning|adapter_fusion_layer|invertible_adapters|shared_parameters|ef_\w+_adapter|modules_to_save|base_layer|prompt_encoder|ia3_l|base_model)(\.|$)/.test(
    name,
  );

/** The place of the layers of a model, and the field with their number. */
function stacks(
  config: ModelConfig,
): readonly { readonly path: RegExp; readonly field: string; readonly count: number }[] {
  if (isEncoderDecoder(config)) {
    const { prefix, stack } = seq2SeqArchitectureOf(config.model_type);
    return (['encoder', 'decoder'] as const).map((side) => {
      const { at, field } = stack(side);
      const start = prefix === null ? '' : `(?:${prefix}\\.)?`;
      return {
        path: new RegExp(`^${start}${at.replaceAll('.', '\\.')}\\.(\\d+)\\.`),
        field,
        count: config[`${side}_layers`],
      };
    });
  }
  const { at, field, count } = architectureOf(config.model_type).layers(config);
  return [{ path: new RegExp(`^(?:${config.prefix}\\.)?${at.replaceAll('.', '\\.')}\\.(\\d+)\\.`), field, count }];
}

/** Returns whether a tensor is in the part of a checkpoint that computes hidden states. */
function isOfBackbone(name: string, config: ModelConfig): boolean {
  const own = isEncoderDecoder(config) ? seq2SeqArchitectureOf(config.model_type).prefix : config.prefix;
  const prefix = own === null ? '' : `${own}.`;
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  if (rest.startsWith('pooler.')) return false;
  // An encoder's checkpoint has the layer to the tokens of a masked text as its decoder.
  const sides = isEncoderDecoder(config)
    ? /^(encoder|decoder|embeddings|transformer)\./
    : /^(encoder|embeddings|transformer)\./;
  return rest !== name || sides.test(rest);
}

/**
 * Checks what a model has left of its checkpoint: what would change hidden states must have been used.
 *
 * @param ignored the tensors that were not used
 * @returns those of heads, constants aside
 * @throws InputError for more layers than `config.json` states, and other weights of a backbone
 */
export function unusedHeadTensors(label: string, config: ModelConfig, ignored: readonly string[]): string[] {
  const left = ignored.filter((name) => !isBuffer(name));
  for (const name of left) {
    for (const { path, field, count } of stacks(config)) {
      const layer = path.exec(name)?.[1];
      if (layer === undefined || Number(layer) < count) continue;
      throw new InputError(
        `${printable(label)}: there is a layer ${layer} ("${printable(name)}"), but ${field} is ${count}; use the config.json that belongs to these weights.`,
      );
    }
    if (isOfBackbone(name, config)) {
      throw new InputError(
        `${printable(label)}: "${printable(name)}" is no part of a ${config.model_type} model here, so hidden states would differ; this checkpoint is not supported.`,
      );
    }
  }
  return left;
}

/** @throws InputError naming a weight of an adapter, which a model without adapters would leave out */
export function checkNoAdapters(label: string, names: readonly string[]): void {
  const found = names.find(isOfAdapter);
  if (found === undefined) return;
  throw new InputError(
    `${printable(label)}: "${printable(found)}" is of an adapter inside the checkpoint, which would not be used; merge it in Python, or save backbone and adapter apart.`,
  );
}
