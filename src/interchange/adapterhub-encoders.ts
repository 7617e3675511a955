import { InputError } from '../errors.ts';
import { architectureOf, type EncoderConfig } from '../models/browser.ts';
import { shown } from '../settings/index.ts';

/** What AdapterHub's library calls the matrices of an encoder, by their paths in a layer. */
export interface HubMatrices {
  /** Those of `attn_matrices`, by the letter that it has for each. None where one matrix holds all. */
  readonly attention: Readonly<Record<string, string>>;
  /** That of `intermediate_lora`. */
  readonly inner: string;
  /** That of `output_lora`. */
  readonly dense: string;
}

const ofBert: HubMatrices = {
  attention: { 'attention.self.query': 'q', 'attention.self.key': 'k', 'attention.self.value': 'v' },
  inner: 'intermediate.dense',
  dense: 'output.dense',
};

/** The encoders that the library has. */
const encoders: Readonly<Record<string, HubMatrices>> = {
  bert: ofBert,
  roberta: ofBert,
  'xlm-roberta': ofBert,
  electra: ofBert,
  distilbert: {
    attention: { 'attention.q_lin': 'q', 'attention.k_lin': 'k', 'attention.v_lin': 'v' },
    inner: 'ffn.lin1',
    dense: 'ffn.lin2',
  },
  albert: {
    attention: { 'attention.query': 'q', 'attention.key': 'k', 'attention.value': 'v' },
    inner: 'ffn',
    dense: 'ffn_output',
  },
  'deberta-v2': {
    attention: { 'attention.self.query_proj': 'q', 'attention.self.key_proj': 'k', 'attention.self.value_proj': 'v' },
    inner: 'intermediate.dense',
    dense: 'output.dense',
  },
  modernbert: { attention: {}, inner: 'mlp.Wi', dense: 'mlp.Wo' },
};

/** The matrices of an encoder. @throws InputError where the library does not have it */
export function hubMatrices({ model_type }: Pick<EncoderConfig, 'model_type'>): HubMatrices {
  if (Object.hasOwn(encoders, model_type)) return encoders[model_type];
  const { title } = architectureOf(model_type);
  throw new InputError(`adapterhub: the library has no ${title}; save it as 'peft' or 'sparse'.`);
}

/** @throws InputError for an encoder on which the library has no prefix */
export function assertHasPrefix({ model_type }: Pick<EncoderConfig, 'model_type'>): void {
  if (model_type !== 'modernbert') return;
  throw new InputError(`AdapterHub has no prefix on ${shown(model_type)}; save it as 'sparse'.`);
}

/** The paths of an encoder's layers, below it, in the order in which the library numbers them. */
export function layerPaths(config: EncoderConfig): string[] {
  const { at, count } = architectureOf(config.model_type).layers(config);
  const paths = Array.from({ length: count }, (_, i) => `${at}.${i}`);
  if (!('inner_group_num' in config)) return paths;
  // ALBERT's are inside groups.
  const inner = Number(config.inner_group_num);
  return paths.flatMap((path) => Array.from({ length: inner }, (_, i) => `${path}.albert_layers.${i}`));
}
