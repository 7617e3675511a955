import {
  type AdapterSettings,
  bottleneckAdapter,
  type ConfigOf,
  configOf,
  houlsby,
  layerWidths,
  parallel,
  pfeiffer,
} from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import { isEncoderDecoderType, type ModelConfig, modelWidth } from '../models/browser.ts';
import { isOff } from '../models/config-json.ts';
import { type ConfigFacts, droppedDropout, leftOut, type ReadConfig } from './adapterhub-facts.ts';
import { inFile, type Json, numberField, refuseFeatures } from './fields.ts';
import type { Weight } from './portable.ts';

/** AdapterHub's `BnConfig`, its defaults. */
const defaults = {
  adapter_residual_before_ln: false,
  cross_adapter: false,
  dropout: 0,
  factorized_phm_W: true,
  factorized_phm_rule: false,
  hypercomplex_nonlinearity: 'glorot-uniform',
  init_weights: 'bert',
  inv_adapter: null,
  inv_adapter_reduction_factor: null,
  is_parallel: false,
  learn_phm: true,
  leave_out: [],
  ln_after: false,
  ln_before: false,
  original_ln_after: true,
  original_ln_before: false,
  output_adapter: true,
  phm_bias: true,
  phm_c_init: 'normal',
  phm_dim: 4,
  phm_init_range: 0.0001,
  phm_layer: false,
  phm_rank: 1,
  residual_before_ln: true,
  scaling: 1,
  shared_W_phm: false,
  shared_phm_rule: true,
  stochastic_depth: 0,
  use_gating: false,
};

/** The fields of `BnConfig` that decide where bottlenecks are, what they read and what they add to, in the words of `bottleneck` here. */
type Wiring = Pick<
  ConfigOf<typeof bottleneckAdapter.options>,
  'sublayers' | 'reads' | 'addsTo' | 'normBefore' | 'normAfter' | 'endsSublayer'
>;

const plain: Wiring = {
  sublayers: 'both',
  reads: 'output',
  addsTo: 'output',
  normBefore: false,
  normAfter: 'none',
  endsSublayer: false,
};

/** The families that are settings of `bottleneck`, with what `configure` makes of the options that all have. */
const presets = [
  {
    wiring: plain,
    settings: (options: Json) => houlsby.configure({ ...options, form: 'adapterhub' }),
    is: (settings: AdapterSettings) => settings.kind === 'houlsby' && settings.form === 'adapterhub',
  },
  {
    wiring: { ...plain, normBefore: true },
    settings: (options: Json) => houlsby.configure({ ...options, form: 'sparse-adapter' }),
    is: (settings: AdapterSettings) => settings.kind === 'houlsby' && settings.form === 'sparse-adapter',
  },
  {
    wiring: { ...plain, sublayers: 'feed-forward', reads: 'normalised' },
    settings: ({ dropout: _, ...options }: Json) => pfeiffer.configure(options),
    is: ({ kind }: AdapterSettings) => kind === 'pfeiffer',
  },
  {
    wiring: { ...plain, sublayers: 'feed-forward', reads: 'input' },
    settings: ({ dropout: _, ...options }: Json) => parallel.configure(options),
    // Mix-And-Match has one, and says so of the whole.
    is: ({ kind }: AdapterSettings) => kind === 'parallel' || kind === 'mam',
  },
] as const;

const isSame = (one: Wiring, other: Wiring): boolean =>
  Object.keys(plain).every((key) => one[key as keyof Wiring] === other[key as keyof Wiring]);

/** Features of bottlenecks that ask for another computation. */
const features = {
  inv_adapter: 'an invertible adapter',
  phm_layer: 'Compacter (PHM layers)',
  use_gating: 'gating',
};

/** Python's `x // y`. */
function floorDivide(x: number, y: number): number {
  return Math.round((x - (x % y)) / y);
}

/** The factor for which `hidden // factor` is the width of the bottleneck: a whole number where there is one. */
export function reductionFactor(hidden: number, bottleneck: number): number {
  const factor = hidden / bottleneck;
  // Rounding can make the quotient of the factor one too small.
  return floorDivide(hidden, factor) === bottleneck ? factor : hidden / (bottleneck + 0.5);
}

/** The wiring of settings; undefined for those of no bottleneck. */
function wiringOf(settings: AdapterSettings): Wiring | undefined {
  if (settings.kind === bottleneckAdapter.kind) return { ...plain, ...(settings as Partial<Wiring>) };
  return presets.find(({ is }) => is(settings))?.wiring;
}

/** Equal for bottlenecks that read and add to the same; empty for other adapters. */
export const wiringText = (settings: AdapterSettings): string => {
  const wiring = wiringOf(settings);
  return wiring
    ? Object.keys(plain)
        .map((key) => wiring[key as keyof Wiring])
        .join(' ')
    : '';
};

/** Returns whether settings have bottlenecks that read the input of a sublayer, which the library adds to it in its own way. */
export const isParallel = (settings: AdapterSettings): boolean => wiringOf(settings)?.reads === 'input';

/** The bottlenecks of an encoder for which the library computes something else than the same fields say elsewhere; undefined if they are none. */
function otherThere(modelType: string | undefined, { sublayers, reads, endsSublayer }: Wiring): string | undefined {
  if (modelType === 'albert' && sublayers !== 'feed-forward') {
    return "bottlenecks after ALBERT's attention, to which AdapterHub gives what the attention reads";
  }
  if (modelType === 'modernbert' && (reads !== 'output' || endsSublayer)) {
    return 'bottlenecks on ModernBERT that do not read the output of a sublayer alone, for which AdapterHub takes the norm of another layer';
  }
  return undefined;
}

/** The fields of `BnConfig` for a wiring. */
function wiringFields({ sublayers, reads, addsTo, normBefore, normAfter, endsSublayer }: Wiring): Json {
  const isNormalised = reads === 'normalised';
  if (addsTo !== 'output' && !isNormalised) {
    throw new InputError(
      `AdapterHub has no bottlenecks that read ${reads === 'input' ? 'the input' : 'the output'} of a sublayer and add to its ${addsTo === 'sum' ? 'sum' : 'normalised result'} (reads ${reads}, addsTo ${addsTo}).`,
    );
  }
  if (reads === 'input' && normAfter === 'sum') {
    throw new InputError('AdapterHub has no parallel bottlenecks with a norm on the sum (reads input, normAfter sum).');
  }
  return {
    mh_adapter: sublayers !== 'feed-forward',
    output_adapter: sublayers !== 'attention',
    is_parallel: reads === 'input',
    original_ln_before: isNormalised,
    residual_before_ln: addsTo === 'sum' ? 'post_add' : addsTo === 'output',
    ln_before: normBefore,
    ln_after: normAfter !== 'none',
    adapter_residual_before_ln: normAfter === 'sum',
    original_ln_after: !endsSublayer,
  };
}

/** The `config` of bottlenecks, or null for settings of others. @throws InputError for what AdapterHub cannot express */
export function bottleneckConfig(settings: AdapterSettings, config: ModelConfig): Json | null {
  const wiring = wiringOf(settings);
  if (!wiring) return null;
  const other = otherThere(config.model_type, wiring);
  if (other) throw new InputError(`adapterhub: no ${other}; save it as 'sparse'.`);
  const { bottleneck, activation, init, scale, dropout = 0, leaveOut, bottleneckPattern: pattern } = configOf(settings);
  const factorOf = (width: unknown) => reductionFactor(modelWidth(config), width as number);
  const widths = layerWidths((pattern ?? []) as readonly string[]);
  const factors = Object.fromEntries(Array.from(widths, ([layer, width]) => [layer, factorOf(width)]));
  return {
    ...defaults,
    ...wiringFields(wiring),
    dropout,
    init_weights: init,
    leave_out: leaveOut ?? [],
    non_linearity: activation,
    reduction_factor: widths.size > 0 ? { ...factors, default: factorOf(bottleneck) } : factorOf(bottleneck),
    scaling: scale,
  };
}

/** Files without a version are of the time when these activations had other names. */
const oldActivations: Readonly<Record<string, string>> = { gelu: 'gelu_new', gelu_orig: 'gelu' };

/** @throws InputError naming a combination that the library cannot run, or a place that is not here */
function readWiring(label: string, config: Json, { modelType }: ConfigFacts): Wiring {
  const fail = (problem: string) => new InputError(`${label}: ${problem}.`);
  if (config.cross_adapter === true && isEncoderDecoderType(modelType)) {
    throw fail('an adapter after cross-attention (cross_adapter true) is not supported; save an adapter without it');
  }
  const [inAttention, inOutput] = [config.mh_adapter === true, config.output_adapter === true];
  if (!inAttention && !inOutput) throw fail('bottlenecks nowhere (mh_adapter false, output_adapter false)');
  const isParallel = config.is_parallel === true;
  const readsNorm = !isParallel && config.original_ln_before === true;
  const { residual_before_ln: residual } = config;
  if (!isParallel && !readsNorm && residual === 'post_add') {
    throw fail('residual_before_ln "post_add" without original_ln_before is something that AdapterHub cannot run');
  }
  const addsTo = residual === 'post_add' ? 'sum' : residual === true ? 'output' : 'normalised';
  return {
    sublayers: inAttention && inOutput ? 'both' : inAttention ? 'attention' : 'feed-forward',
    reads: isParallel ? 'input' : readsNorm ? 'normalised' : 'output',
    addsTo: readsNorm ? addsTo : 'output',
    normBefore: config.ln_before === true,
    normAfter:
      config.ln_after !== true
        ? 'none'
        : config.adapter_residual_before_ln === true && !isParallel
          ? 'sum'
          : 'contribution',
    endsSublayer: config.original_ln_after === false,
  };
}

/** A number that is at least that of the layers with weights, and of one stack of layers no other. */
function layerBound(weights: readonly Weight[], leaveOut: readonly number[]): number {
  const counts = new Map<string, number>();
  for (const { name } of weights) {
    const [, stack, layer] = /^(.*?layers?)\.(\d+)\./.exec(name) ?? [];
    if (stack !== undefined) counts.set(stack, Math.max(counts.get(stack) ?? 0, Number(layer) + 1));
  }
  const counted = [...counts.values()].reduce((sum, count) => sum + count, 0);
  // In the first stack the last layers may be left out, and others follow.
  return counts.size > 1 ? counted + leaveOut.length : counted;
}

/** The inner widths: of all layers, and of some by their number. @throws InputError for no number, and a mapping without default */
function readWidths(
  label: string,
  config: Json,
  { hidden, weights }: ConfigFacts,
): { readonly bottleneck: number; readonly bottleneckPattern?: readonly string[] } {
  const widthOf = (fields: Json, key: string) => Math.max(1, floorDivide(hidden, numberField(label, fields, key)));
  const { reduction_factor: factors } = config;
  if (!isJsonObject(factors)) return { bottleneck: widthOf(config, 'reduction_factor') };
  const bound = layerBound(weights, leftOut(config).leaveOut ?? []);
  // Layers that the model does not have mean nothing.
  const layers = Object.keys(factors).filter((key) => key !== 'default' && Number(key) < bound);
  const widths = layers.map((layer) => widthOf(factors, layer));
  // Without a default it names each layer.
  const bottleneck = layers.length === 0 || Object.hasOwn(factors, 'default') ? widthOf(factors, 'default') : widths[0];
  const others = layers.flatMap((layer, i) => (widths[i] === bottleneck ? [] : [`${layer}=${widths[i]}`]));
  return { bottleneck, ...(others.length > 0 && { bottleneckPattern: others }) };
}

/** The settings of a bottleneck's `config`. @throws InputError naming a feature that is not supported */
export function bottleneckSettings(label: string, config: Json, facts: ConfigFacts): ReadConfig {
  const { version, type, weights } = facts;
  const hasInvertible = weights.some(({ name }) => /(^|\.)invertible_(\w+_)?adapters\./.test(name));

  // Task adapters of the time before versions name an invertible adapter that they may not have; the library drops it.
  const isUnused = version === undefined && type === 'text_task' && !hasInvertible;
  const full: Json = { ...defaults, ...config, ...(isUnused && { inv_adapter: null }) };
  refuseFeatures(label, full, features);
  const wiring = readWiring(label, full, facts);
  const other = otherThere(facts.modelType, wiring);
  if (other) throw new InputError(`${label}: ${other}, are not supported.`);
  const widths = readWidths(label, full, facts);
  const preset = widths.bottleneckPattern ? undefined : presets.find((one) => isSame(one.wiring, wiring));
  const dropout = numberField(label, full, 'dropout');
  const name = String(full.non_linearity ?? 'linear');
  const isTrained = full.scaling === 'learned' || full.scaling === 'channel';
  const scale = isTrained ? full.scaling : numberField(label, full, 'scaling');
  const options: Json = {
    ...widths,
    activation: (version === undefined ? oldActivations[name] : undefined) ?? name.toLowerCase(),
    init: full.init_weights,
    scale,
    ...leftOut(full),
  };
  const settings = inFile(label, () =>
    preset ? preset.settings({ ...options, dropout }) : bottleneckAdapter.configure({ ...options, ...wiring }),
  );
  return {
    settings,
    warnings: [
      ...(dropout > 0 && settings.kind !== 'houlsby' ? [droppedDropout(label, dropout)] : []),
      ...(isOff(full.stochastic_depth)
        ? []
        : [`${label}: stochastic depth is not kept; it matters in training alone.`]),
    ],
  };
}
