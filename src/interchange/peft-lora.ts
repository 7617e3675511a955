import { type AdapterSettings, configOf, lora, patternNumber } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isEncoderDecoder, type ModelConfig } from '../models/browser.ts';
import { isOff } from '../models/config-json.ts';
import { inFile, type Json, refuseFeatures } from './fields.ts';
import { endsIn, isHeadModule, isHeadTensor, kindOf, loraModules } from './modules.ts';
import type { PeftMethod } from './peft-method.ts';
import { withMergedTables } from './peft-resized-lora.ts';
import { meantWeights, patternValue, targetNames } from './peft-targets.ts';
import { PLACE, type Weight } from './portable.ts';

/** Fields of a LoRA configuration that ask for another computation. */
export const refusedFeatures = {
  layer_replication: 'layer replication',
  target_parameters: 'LoRA on parameters',
  trainable_token_indices: 'trained tokens',
  alora_invocation_tokens: 'activated LoRA',
  use_qalora: 'QALoRA',
  use_bdlora: 'block-diagonal LoRA',
  arrow_config: 'Arrow routing',
  kasa_config: 'KaSA',
  monteclora_config: 'Monte Carlo LoRA',
  megatron_config: 'parallel layers of Megatron',
};

/** Fields that are followed, or that change nothing in a trained adapter: how its training begins and computes. */
const followed = [
  ...['r', 'lora_alpha', 'lora_dropout', 'use_rslora', 'bias', 'init_lora_weights', 'target_modules', 'use_dora'],
  ...['exclude_modules', 'modules_to_save', 'layers_to_transform', 'layers_pattern', 'qalora_group_size'],
  ...['loftq_config', 'eva_config', 'corda_config', 'lora_ga_config', 'velora_config', 'megatron_core'],
  ...['runtime_config', 'ensure_weight_tying', 'rank_pattern', 'alpha_pattern', 'lora_bias'],
  // PEFT switches it off on linear layers, and there are no others here.
  'fan_in_fan_out',
];

/** Initialisations that change the weights of the backbone, which the adapter's file does not have. */
const changesBackbone = /^(pissa|olora|loftq|corda|lora_ga)/i;

/** Other ways to draw the starting values of A and B, which a trained adapter does not need. */
const drawn = ['gaussian', 'eva', 'orthogonal', 'mica'];

/** Layers of the Python model that have no attachment point here: PEFT would adapt them too if a target names them. */
const otherLayers = [
  ...['bert.pooler.dense', 'classifier.dense', 'classifier.out_proj', 'classifier'],
  ...['classification_head.dense', 'classification_head.out_proj', 'pre_classifier', 'sequence_summary.summary'],
];

/** Names for `target_modules` that match in Python what they match here. */
export function targetModules(names: readonly string[], modules: readonly string[]): string[] {
  const isOfPython = (name: string) =>
    modules.some((module) => endsIn(module, name)) && !otherLayers.some((layer) => endsIn(layer, name));
  return names.every(isOfPython) ? [...names] : [...new Set(modules.map(kindOf))];
}

/** The layers that have LoRA if some are left out, else null. */
function layersToTransform(config: ModelConfig, leaveOut: readonly number[]): number[] | null {
  if (leaveOut.length === 0) return null;
  if (isEncoderDecoder(config)) {
    throw new InputError('PEFT cannot leave out layers of an encoder but not of its decoder; write it as adapterhub.');
  }
  return Array.from({ length: config.num_hidden_layers }, (_, layer) => layer).filter((i) => !leaveOut.includes(i));
}

/**
 * A pattern in PEFT's form, whose keys are regular expressions: with each layer by its whole path, as the first key that fits counts and
 * files may have them in any order.
 */
export function pythonPattern(
  key: 'rankPattern' | 'alphaPattern',
  settings: AdapterSettings,
  modules: readonly string[],
) {
  const pattern = (settings[key] ?? []) as readonly string[];
  const values = modules.map((module) => [module.replaceAll('.', '\\.'), patternNumber(key, pattern, module)]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Record<string, number>;
}

/** The entries of a pattern of PEFT for layers with another number than the usual one. */
export function patternOf(label: string, config: Json, field: string, usual: unknown, modules: readonly string[]) {
  const entries = modules.flatMap((module) => {
    const value = patternValue(label, config, field, module);
    return value === undefined || value === usual ? [] : [`${module}=${value}`];
  });
  return entries.length > 0 ? entries : undefined;
}

/** The path of the module that a tensor belongs to. */
const moduleOf = (name: string): string => name.replace(/\.[^.]+$/, '');

/** Whether a tensor is a bias of the backbone that the field `bias` covers. */
const isTrainedBias = (name: string, bias: unknown, layers: readonly string[]): boolean =>
  /\.bias$/.test(name) && (bias === 'all' || (bias === 'lora_only' && layers.includes(moduleOf(name))));

/** @throws InputError for biases of the backbone that the configuration has none of */
function checkBiases(label: string, weights: readonly Weight[], bias: unknown, layers: readonly string[]): void {
  const names = new Set(weights.map(({ name }) => name));
  const isAlone = (name: string) => /\.bias$/.test(name) && !names.has(name.replace(/bias$/, 'weight'));
  const stray = weights.find(
    ({ name }) =>
      isAlone(name) &&
      !name.includes(PLACE) &&
      !/\.lora_\w+\./.test(name) &&
      !isHeadTensor(name) &&
      !isTrainedBias(name, bias, layers),
  );
  if (!stray) return;
  throw new InputError(
    `${label}: its file has the bias ${stray.name} of the backbone, and by its bias ${JSON.stringify(bias)} none like it was trained; write there what it was trained with, all or lora_only, or merge the adapter in Python.`,
  );
}

/** The modules of the backbone that were trained whole, from their tensors. */
function savedModules(weights: readonly Weight[], bias: unknown, layers: readonly string[]): string[] | undefined {
  const saved = weights.filter(
    ({ name }) =>
      !name.includes(PLACE) &&
      !isHeadTensor(name) &&
      !isTrainedBias(name, bias, layers) &&
      // Those of a file that no `save_pretrained` has written are refused later.
      !/\.(lora_\w+|modules_to_save|original_module)(\.|$)/.test(name) &&
      /\.(weight|bias)$/.test(name),
  );
  return saved.length > 0 ? [...new Set(saved.map(({ name }) => moduleOf(name)))] : undefined;
}

/** @throws InputError for an initialisation that changed the backbone, too */
function checkInit(label: string, { init_lora_weights: init = true }: Json): void {
  if (typeof init !== 'string') return;
  if (changesBackbone.test(init)) {
    throw new InputError(
      `${label}: init_lora_weights "${init}" changes the backbone's weights too; convert the adapter to plain LoRA in PEFT.`,
    );
  }
  if (!drawn.includes(init.toLowerCase())) {
    throw new InputError(
      `${label}: init_lora_weights ${JSON.stringify(init)} is not known here, so nobody can tell whether it changes the backbone's weights; convert the adapter to plain LoRA in PEFT.`,
    );
  }
}

/** Parts of a layer's LoRA that PEFT has where a field switches them on. */
const switchedParts = [
  ['use_dora', /\.lora_magnitude_vector\./],
  ['lora_bias', /\.lora_[AB]\..*\.bias$/],
] as const;

/** The weights without the parts that the configuration switches off, which PEFT leaves out too, and a line on each. */
function withoutSwitchedOff(label: string, config: Json, weights: readonly Weight[]) {
  const off = switchedParts.filter(
    ([field, part]) => isOff(config[field]) && weights.some(({ name }) => part.test(name)),
  );
  return {
    weights: weights.filter(({ name }) => !off.some(([, part]) => part.test(name))),
    warnings: off.map(
      ([field]) =>
        `${label}: the file has weights that ${field} is for, which is off; they are left out, as PEFT does.`,
    ),
  };
}

/** LoRA; an adapter's own name is left out of its file. */
export const peftLora: PeftMethod = {
  peftType: 'LORA',
  kind: 'lora',
  prefix: 'base_model.model.',
  warnings: () => [],
  fields: [...followed, ...Object.keys(refusedFeatures)],

  fileName: (name, adapter = []) => {
    if (/\.lora_embedding_[AB]\.\*$/.test(name)) return peftLora.prefix + name.replace(`.${PLACE}`, '');
    const own = peftLora.prefix + name.replace(`.${PLACE}.`, '.');
    if (own.endsWith('.lora_magnitude_vector.weight')) return own.replace(/\.weight$/, '');
    // The bias of a layer that has LoRA is inside the wrapper.
    const isInside = name.endsWith('.bias') && loraModules(adapter).includes(moduleOf(name));
    return isInside ? own.replace(/\.bias$/, '.base_layer.bias') : own;
  },

  ownWeight(weight) {
    const ofTable = /^base_model\.model\.(.*\.lora_embedding_[AB])$/.exec(weight.name)?.[1];
    if (ofTable !== undefined) return { ...weight, name: `${ofTable}.${PLACE}` };
    const [, module, part, kind = 'weight'] =
      /^base_model\.model\.(.*)\.(lora_[AB]|lora_magnitude_vector)(?:\.(weight|bias))?$/.exec(weight.name) ?? [];
    if (module) return { ...weight, name: `${module}.${part}.${PLACE}.${kind}` };
    const inside = /^base_model\.model\.(.*)\.base_layer\.bias$/.exec(weight.name)?.[1];
    return inside === undefined ? null : { ...weight, name: `${inside}.bias` };
  },

  config({ settings, adapter, config }, modulesToSave) {
    const { rank, alpha, rslora, dropout, targetModules: names, leaveOut = [], ...rest } = configOf(settings);
    if (rest.dora && rest.loraBias) {
      throw new InputError('PEFT has no DoRA with a bias in LoRA; merge the adapter into the checkpoint.');
    }
    const layers = loraModules(adapter);
    const saved = savedModules(adapter, rest.bias, layers) ?? [];
    return {
      alpha_pattern: pythonPattern('alphaPattern', settings, layers),
      bias: rest.bias ?? 'none',
      fan_in_fan_out: false,
      init_lora_weights: true,
      layers_pattern: null,
      layers_to_transform: layersToTransform(config, leaveOut as readonly number[]),
      lora_alpha: alpha,
      ...(rest.loraBias && { lora_bias: true }),
      lora_dropout: dropout,
      modules_to_save: saved.length > 0 ? [...(modulesToSave ?? []), ...saved] : modulesToSave,
      r: rank,
      rank_pattern: pythonPattern('rankPattern', settings, layers),
      target_modules: targetModules(names as readonly string[], layers),
      ...(rest.dora && { use_dora: true }),
      use_rslora: rslora,
    };
  },

  meant(label, config, weights) {
    refuseFeatures(label, config, refusedFeatures);
    const { weights: on, warnings: switched } = withoutSwitchedOff(label, config, weights);
    const { weights: meant, warnings } = meantWeights(label, config, on, loraModules(on));
    const { weights: merged, modules } = withMergedTables(label, config, meant);
    const lines = modules.map(
      (module) =>
        `${label}: LoRA on ${module} is merged into the table that the file has with it, which is trained whole from now on.`,
    );
    return { weights: merged, warnings: [...switched, ...warnings, ...lines] };
  },

  settings(label, config, weights) {
    checkInit(label, config);
    const { bias = 'none', r: rank = 8, lora_alpha: alpha = 8 } = config;
    const all = loraModules(weights);
    const table = all.find((name) => /(^|\.)(shared|embed_tokens|embed_positions)$/.test(name));
    if (table !== undefined) {
      throw new InputError(
        `${label}: LoRA on the embeddings of BART (${table}) is not supported; train them whole (modules_to_save), or merge the adapter in Python.`,
      );
    }
    // What changes the head or the pooler is merged into them.
    const modules = all.filter((name) => !isHeadModule(name));
    if (modules.length === 0 && all.length > 0) {
      throw new InputError(
        `${label}: LoRA on ${all.join(' and ')} alone is not supported, as it is merged into the head and nothing is left; merge the adapter in Python.`,
      );
    }
    checkBiases(label, weights, bias, modules);
    return inFile(label, () =>
      lora.configure({
        rank: rank as number,
        alpha: alpha as number,
        rankPattern: patternOf(label, config, 'rank_pattern', rank, all),
        alphaPattern: patternOf(label, config, 'alpha_pattern', alpha, all),
        rslora: config.use_rslora as boolean | undefined,
        dora: isOff(config.use_dora) ? undefined : true,
        loraBias: isOff(config.lora_bias) ? undefined : true,
        bias: bias === 'none' ? undefined : (bias as 'all'),
        modulesToSave: savedModules(weights, bias, modules),
        dropout: config.lora_dropout as number | undefined,
        targetModules: targetNames(config, modules),
      }),
    );
  },
};
