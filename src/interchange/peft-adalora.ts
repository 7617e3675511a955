import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import type { Json } from './fields.ts';
import { changedWeightMethod } from './peft-changed-weight.ts';
import { pythonPattern, refusedFeatures } from './peft-lora.ts';
import { PLACE, type Weight } from './portable.ts';

const isFlags = (value: unknown): value is readonly boolean[] =>
  Array.isArray(value) && value.every((flag) => typeof flag === 'boolean');

/** How many triplets of a layer were kept: `rank_pattern` says it of each. Undefined if it does not name the layer. */
function keptOf(label: string, { rank_pattern: pattern }: Json, module: string): number | undefined {
  if (pattern === undefined || pattern === null) return undefined;
  const flags = isJsonObject(pattern) ? pattern[`${module}.lora_E`] : null;
  if (flags === undefined) return undefined;
  if (isFlags(flags)) return flags.filter(Boolean).length;
  throw new InputError(
    `${label}: rank_pattern must have a list of true and false for each layer, as AdaLoRA saves it.`,
  );
}

/** AdaLoRA, whose configuration keeps the rank of the beginning; `r` means nothing in it. */
export const peftAdalora = changedWeightMethod({
  peftType: 'ADALORA',
  kind: 'adalora',
  tensors: ['lora_A', 'lora_E', 'lora_B'],
  fields: [
    ...['r', 'init_r', 'target_r', 'lora_alpha', 'rank_pattern', 'lora_dropout', 'fan_in_fan_out', 'alpha_pattern'],
    ...['tinit', 'tfinal', 'deltaT', 'beta1', 'beta2', 'orth_reg_weight', 'total_step', 'init_lora_weights'],
    ...['use_rslora', 'qalora_group_size', 'loftq_config', 'eva_config', 'corda_config', 'lora_ga_config'],
    ...['velora_config', 'megatron_core', 'runtime_config', 'ensure_weight_tying'],
  ],
  features: { ...refusedFeatures, use_dora: 'DoRA', lora_bias: 'a bias in LoRA' },

  options(label, config, weights, modules) {
    const { init_r: rank = 12, lora_alpha: alpha } = config;
    const ranks = modules.map((module) => [module, keptOf(label, config, module) ?? rowsOf(weights, module)] as const);
    const others = ranks.filter(([, own]) => own !== rank);
    return {
      rank,
      alpha,
      rankPattern: others.length > 0 ? others.map(([module, own]) => `${module}=${own}`) : undefined,
      ...(hasEmpty(config) && { targetModules: modules }),
    };
  },

  config: (settings, modules) => {
    const ranks = pythonPattern('rankPattern', settings, modules);
    const rank = settings.rank as number;
    const kept = Object.entries(ranks).map(([module, own]) => [
      `${module.replaceAll('\\.', '.')}.lora_E`,
      Array.from({ length: rank }, (_, i) => i < own),
    ]);
    return {
      init_r: rank,
      lora_alpha: settings.alpha,
      r: rank,
      // PEFT refuses a configuration without its schedule, which a trained adapter does not need.
      total_step: 1,
      rank_pattern: kept.length > 0 ? Object.fromEntries(kept) : null,
    };
  },
});

const rowsOf = (weights: readonly Weight[], module: string): number | undefined =>
  weights.find(({ name }) => name === `${module}.lora_A.${PLACE}`)?.shape[0];

/** Returns whether training pruned a layer whole, so that the names of target modules mean more than is left. */
const hasEmpty = ({ rank_pattern: pattern }: Json): boolean =>
  isJsonObject(pattern) && Object.values(pattern).some((flags) => isFlags(flags) && !flags.includes(true));
