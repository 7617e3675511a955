import { configOf, lora } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isOff } from '../models/config-json.ts';
import type { ModelConfig } from '../models/index.ts';
import { inFile, refuseFeatures } from './fields.ts';
import { endsIn, isPooler, kindOf, loraModules } from './modules.ts';
import type { PeftMethod } from './peft-method.ts';
import { checkTargets } from './peft-targets.ts';
import { PLACE, type Weight } from './portable.ts';

/** Fields of a LoRA configuration that ask for another computation. */
const features = {
  use_dora: 'DoRA',
  rank_pattern: 'a rank for each layer',
  alpha_pattern: 'an alpha for each layer',
  fan_in_fan_out: 'a transposed weight',
  layer_replication: 'layer replication',
  lora_bias: 'a bias in LoRA',
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
  ...['r', 'lora_alpha', 'lora_dropout', 'use_rslora', 'bias', 'init_lora_weights', 'target_modules'],
  ...['exclude_modules', 'modules_to_save', 'layers_to_transform', 'layers_pattern', 'qalora_group_size'],
  ...['loftq_config', 'eva_config', 'corda_config', 'lora_ga_config', 'velora_config', 'megatron_core'],
  ...['runtime_config', 'ensure_weight_tying'],
];

/** Initialisations that change the weights of the backbone, which the adapter's file does not have. */
const changesBackbone = /^(pissa|olora|loftq|corda|lora_ga)/i;

/** Other ways to draw the starting values of A and B, which a trained adapter does not need. */
const drawn = ['gaussian', 'eva', 'orthogonal', 'mica'];

/** Layers of the Python model that have no attachment point here: PEFT would adapt them too if a target names them. */
const otherLayers = ['bert.pooler.dense', 'classifier.dense', 'classifier.out_proj', 'classifier'];

/** Names for `target_modules` that match in Python what they match here. */
function targetModules(names: readonly string[], weights: readonly Weight[]): string[] {
  const modules = loraModules(weights);
  const isOfPython = (name: string) =>
    modules.some((module) => endsIn(module, name)) && !otherLayers.some((layer) => endsIn(layer, name));
  return names.every(isOfPython) ? [...names] : [...new Set(modules.map(kindOf))];
}

/** The layers that have LoRA if some are left out, else null. */
function layersToTransform(config: ModelConfig, leaveOut: readonly number[]): number[] | null {
  if (leaveOut.length === 0) return null;
  if (config.model_type === 'bart') {
    throw new InputError('PEFT cannot leave out layers of an encoder but not of its decoder; write it as adapterhub.');
  }
  return Array.from({ length: config.num_hidden_layers }, (_, layer) => layer).filter((i) => !leaveOut.includes(i));
}

/** LoRA; an adapter's own name is left out of its file. */
export const peftLora: PeftMethod = {
  peftType: 'LORA',
  kind: 'lora',
  prefix: 'base_model.model.',
  warnings: () => [],
  fields: [...followed, ...Object.keys(features)],

  fileName: (name) => peftLora.prefix + name.replace(`.${PLACE}.`, '.'),

  ownWeight(weight) {
    const [, module, part] = /^base_model\.model\.(.*)\.(lora_[AB])\.weight$/.exec(weight.name) ?? [];
    return module ? { ...weight, name: `${module}.${part}.${PLACE}.weight` } : null;
  },

  config({ settings, adapter, config }, modulesToSave) {
    const { rank, alpha, rslora, dropout, targetModules: names, leaveOut = [] } = configOf(settings);
    return {
      alpha_pattern: {},
      bias: 'none',
      fan_in_fan_out: false,
      init_lora_weights: true,
      layers_pattern: null,
      layers_to_transform: layersToTransform(config, leaveOut as readonly number[]),
      lora_alpha: alpha,
      lora_dropout: dropout,
      modules_to_save: modulesToSave,
      r: rank,
      rank_pattern: {},
      target_modules: targetModules(names as readonly string[], adapter),
      use_rslora: rslora,
    };
  },

  check: (label, config, weights) => checkTargets(label, config, loraModules(weights)),

  settings(label, config, weights) {
    refuseFeatures(label, config, features);
    const { bias = 'none', init_lora_weights: init = true, target_modules: named } = config;
    if (bias !== 'none')
      throw new InputError(`${label}: trained biases (bias ${JSON.stringify(bias)}) are not supported.`);
    if (typeof init === 'string' && changesBackbone.test(init)) {
      throw new InputError(
        `${label}: init_lora_weights "${init}" changes the backbone's weights too; convert the adapter to plain LoRA in PEFT.`,
      );
    }
    if (typeof init === 'string' && !drawn.includes(init.toLowerCase())) {
      throw new InputError(
        `${label}: init_lora_weights ${JSON.stringify(init)} is not known here, so nobody can tell whether it changes the backbone's weights; convert the adapter to plain LoRA in PEFT.`,
      );
    }
    // What changes the pooler goes into the pooler, which is of the head.
    const modules = loraModules(weights).filter((name) => !isPooler(name));
    const isPlain =
      Array.isArray(named) && (config.layers_to_transform ?? null) === null && isOff(config.exclude_modules);
    const matching = (isPlain ? named.map(String) : []).filter((name) =>
      modules.some((module) => endsIn(module, name)),
    );
    return inFile(label, () =>
      lora.configure({
        rank: config.r as number | undefined,
        alpha: config.lora_alpha as number | undefined,
        rslora: config.use_rslora as boolean | undefined,
        dropout: config.lora_dropout as number | undefined,
        targetModules: matching.length > 0 ? matching : modules,
      }),
    );
  },
};
