import { type AdapterSettings, configOf, houlsby, lora, mam, parallel, pfeiffer, prefix } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import { type BartConfig, type EncoderConfig, type ModelConfig, modelWidth } from '../models/browser.ts';
import { isOff } from '../models/config-json.ts';
import { inFile, type Json, numberField, refuseFeatures } from './fields.ts';
import { endsIn, kindOf, loraModules } from './modules.ts';
import type { Weight } from './portable.ts';

/** AdapterHub's `BnConfig`, its defaults. */
const bottleneckDefaults = {
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

/** AdapterHub's `PrefixTuningConfig`, its defaults. */
const prefixDefaults = {
  architecture: 'prefix_tuning',
  bottleneck_size: 512,
  cross_prefix: true,
  dropout: 0,
  encoder_prefix: true,
  flat: false,
  leave_out: [],
  non_linearity: 'tanh',
  prefix_length: 30,
  shared_gating: true,
  use_gating: false,
};

/** The fields of `BnConfig` that tell the families apart. */
const shapes = {
  houlsby: { mh_adapter: true, output_adapter: true, original_ln_before: false, is_parallel: false, ln_before: false },
  'houlsby sparse-adapter': {
    mh_adapter: true,
    output_adapter: true,
    original_ln_before: false,
    is_parallel: false,
    ln_before: true,
  },
  pfeiffer: { mh_adapter: false, output_adapter: true, original_ln_before: true, is_parallel: false, ln_before: false },
  parallel: { mh_adapter: false, output_adapter: true, original_ln_before: false, is_parallel: true, ln_before: false },
};
type BottleneckShape = keyof typeof shapes;

/** Features of bottlenecks that ask for another computation. */
const bottleneckFeatures = {
  adapter_residual_before_ln: 'a residual before the new norm',
  cross_adapter: 'an adapter after cross-attention',
  inv_adapter: 'an invertible adapter',
  ln_after: 'a norm after the bottleneck',
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

const shapeOf = ({ kind, form }: AdapterSettings): BottleneckShape | undefined => {
  const name = form === 'sparse-adapter' ? `${kind} ${form}` : kind;
  return Object.hasOwn(shapes, name) ? (name as BottleneckShape) : undefined;
};

function bottleneckConfig(shape: BottleneckShape, settings: AdapterSettings, config: ModelConfig): Json {
  const { bottleneck, activation, init, scale, dropout = 0, leaveOut } = configOf(settings);
  return {
    ...bottleneckDefaults,
    ...shapes[shape],
    dropout,
    init_weights: init,
    leave_out: leaveOut ?? [],
    non_linearity: activation,
    reduction_factor: reductionFactor(modelWidth(config), bottleneck as number),
    scaling: scale,
  };
}

/** Kinds of layers that LoRA may change there, and the switch of each. */
const attentionMatrices = { 'attention.self.query': 'q', 'attention.self.key': 'k', 'attention.self.value': 'v' };
const feedForward = { 'intermediate.dense': 'intermediate_lora', 'output.dense': 'output_lora' };

/** @throws InputError for a LoRA that AdapterHub cannot express */
function loraConfig(settings: AdapterSettings, weights: readonly Weight[], config: ModelConfig): Json {
  const { rank, alpha, rslora, dropout, init, ...rest } = configOf(settings);
  if (rslora) throw noLora('scaled by alpha / sqrt(rank)');
  const own = ['dora', 'loraBias', 'bias', 'modulesToSave', 'rankPattern', 'alphaPattern'].find((key) => rest[key]);
  if (own) throw noLora(`with ${own}`);
  const modules = loraModules(weights);
  return {
    ...(config.model_type === 'bart' ? bartPlaces(modules, config) : encoderPlaces(modules, config)),
    alpha,
    architecture: 'lora',
    composition_mode: 'add',
    dropout,
    init_weights: init,
    r: rank,
    use_gating: false,
  };
}

const noLora = (problem: string) => new InputError(`AdapterHub has no LoRA ${problem}; write it as peft.`);

/** Returns the layers of an encoder that LoRA changes. @throws InputError for a choice that AdapterHub does not have */
function encoderPlaces(modules: readonly string[], { num_hidden_layers }: EncoderConfig): Json {
  const kinds = [...new Set(modules.map(kindOf))];
  const foreign = kinds.find((kind) => !Object.hasOwn(attentionMatrices, kind) && !Object.hasOwn(feedForward, kind));
  if (foreign) throw noLora(`at ${foreign}`);
  const layers = Array.from({ length: num_hidden_layers }, (_, i) => i);
  const kindsIn = (layer: number) =>
    kinds.filter((kind) => modules.some((name) => endsIn(name, `layer.${layer}.${kind}`)));
  const uneven = layers.find((layer) => kindsIn(layer).length % kinds.length !== 0);
  if (uneven !== undefined) throw noLora(`at other layers in block ${uneven} than in the others`);
  const matrices = Object.entries(attentionMatrices).filter(([kind]) => kinds.includes(kind));
  return {
    attn_matrices: matrices.map(([, letter]) => letter),
    intermediate_lora: kinds.includes('intermediate.dense'),
    leave_out: layers.filter((layer) => kindsIn(layer).length === 0),
    output_lora: kinds.includes('output.dense'),
    selfattn_lora: matrices.length > 0,
  };
}

/** Returns the same for BART: there a matrix is changed in all three attentions, and each choice holds for all layers. */
function bartPlaces(modules: readonly string[], { encoder_layers, decoder_layers }: BartConfig): Json {
  const has = (name: string) => modules.some((module) => endsIn(module, name));
  const letters = ['q', 'k', 'v'].filter((letter) => has(`${letter}_proj`));
  const dense = ['fc1', 'fc2'].filter(has);
  const places = (stack: string, layers: number, attentions: readonly string[]) =>
    Array.from({ length: layers }, (_, i) =>
      [...attentions.flatMap((attention) => letters.map((letter) => `${attention}.${letter}_proj`)), ...dense].map(
        (place) => `model.${stack}.layers.${i}.${place}`,
      ),
    ).flat();
  const expected = [
    ...places('encoder', encoder_layers, ['self_attn']),
    ...places('decoder', decoder_layers, ['self_attn', 'encoder_attn']),
  ];
  const foreign = modules.find((module) => !expected.includes(module));
  if (foreign) throw noLora(`at ${kindOf(foreign)}`);
  const missing = expected.find((module) => !modules.includes(module));
  if (missing) throw noLora(`that leaves out ${missing}`);
  return {
    attn_matrices: letters,
    intermediate_lora: dense.includes('fc1'),
    leave_out: [],
    output_lora: dense.includes('fc2'),
    selfattn_lora: letters.length > 0,
  };
}

/** AdapterHub's `PrefixTuningConfig`. The sizes are those of the weights: MAM may have chosen them itself. */
function prefixConfig({ prefixFlat, prefixBottleneck, leaveOut }: AdapterSettings, weights: readonly Weight[]): Json {
  const shapeOf = (end: string) => weights.find(({ name }) => name.endsWith(`.self_prefix.${end}`))?.shape ?? [];
  const [length] = shapeOf(prefixFlat ? 'control_trans' : 'wte.weight');
  return {
    ...prefixDefaults,
    bottleneck_size: prefixFlat ? prefixBottleneck : shapeOf('control_trans.0.weight')[0],
    flat: prefixFlat,
    leave_out: leaveOut ?? [],
    prefix_length: length,
  };
}

/** The `config` of an `adapter_config.json`. @throws InputError for what AdapterHub cannot express */
export function adapterConfig(settings: AdapterSettings, weights: readonly Weight[], config: ModelConfig): Json {
  if (settings.prefixShiftsPositions) {
    throw new InputError(
      'AdapterHub has no prefix after which positions begin (prefixShiftsPositions); write it as peft.',
    );
  }
  if (settings.kind === 'lora') return loraConfig(settings, weights, config);
  if (settings.kind === 'prefix') return prefixConfig(settings, weights);
  if (settings.kind === 'mam') {
    const parts = [prefixConfig(settings, weights), bottleneckConfig('parallel', settings, config)];
    return { architecture: 'union', configs: parts };
  }
  const shape = shapeOf(settings);
  if (shape) return bottleneckConfig(shape, settings, config);
  throw new InputError(`AdapterHub has no adapter of the kind '${settings.kind}'.`);
}

/** Returns the settings that a `config` means, and what of it is not kept. */
export interface ReadConfig {
  readonly settings: AdapterSettings;
  readonly warnings: readonly string[];
}

/** The layers that a `config` leaves out, if there are some. */
const leftOut = ({ leave_out: layers }: Json): { readonly leaveOut?: readonly number[] } =>
  isOff(layers) ? {} : { leaveOut: layers as readonly number[] };

const droppedDropout = (label: string, dropout: number): string =>
  `${label}: dropout ${dropout} is not kept; it matters in training alone.`;

/** Before version 1.1.0 the library computed LoRA with the scale 1 whatever alpha said (adapter-hub/adapters#770). */
function scalesByOne(version: unknown): boolean {
  const [, ...parts] = /^adapters\.(\d+)\.(\d+)(?:\.(\d+))?(.*)$/.exec(String(version)) ?? [];
  if (parts.length === 0) return false;
  const [major, minor, patch = 0] = parts.slice(0, 3).map((part) => (part === undefined ? undefined : Number(part)));
  if (major !== 1) return Number(major) < 1;
  // Python sorts what comes before a release below it.
  return minor !== 1 ? Number(minor) < 1 : patch === 0 && /^[._-]?(dev|a|b|c|rc|alpha|beta|pre)/i.test(parts[3]);
}

/** Features of LoRA that ask for another computation. */
const loraFeatures = { use_gating: 'gating', use_dora: 'DoRA' };

function loraSettings(label: string, config: Json, { version, weights }: ConfigFacts): ReadConfig {
  refuseFeatures(label, config, loraFeatures);
  const { composition_mode: mode = 'add', init_weights: init = 'lora', vera_d = null, vera_b = null } = config;
  if (vera_d !== null || vera_b !== null) {
    throw new InputError(
      `${label}: VeRA (vera_d ${vera_d}, vera_b ${vera_b}) is not supported; save an adapter without it.`,
    );
  }
  if (mode !== 'add' || !['lora', 'bert', 'ia3'].includes(String(init))) {
    throw new InputError(`${label}: LoRA with composition_mode ${mode} and init_weights ${init} is not supported.`);
  }
  const rank = numberField(label, config, 'r', 8);
  const alpha = numberField(label, config, 'alpha', 8);
  const modules = loraModules(weights);
  const kinds = [...new Set(modules.map(kindOf))];
  // `output.dense` alone would mean that of attention too.
  const isEven = !kinds.includes('output.dense');
  const isFaulty = scalesByOne(version) && alpha !== rank;
  return {
    settings: inFile(label, () =>
      lora.configure({
        rank,
        alpha: isFaulty ? rank : alpha,
        dropout: numberField(label, config, 'dropout', 0),
        targetModules: isEven ? kinds : modules,
        init: init === 'bert' ? 'bert' : 'lora',
        ...leftOut(config),
      }),
    ),
    warnings: isFaulty
      ? [
          `${label}: alpha is ${rank} instead of ${alpha}, as ${version} trained LoRA with the scale 1 whatever alpha was.`,
        ]
      : [],
  };
}

/** The families as they are configured here. */
const configure = {
  houlsby: (options: Json) => houlsby.configure({ ...options, form: 'adapterhub' }),
  'houlsby sparse-adapter': (options: Json) => houlsby.configure({ ...options, form: 'sparse-adapter' }),
  pfeiffer: ({ dropout: _, ...options }: Json) => pfeiffer.configure(options),
  parallel: ({ dropout: _, ...options }: Json) => parallel.configure(options),
} satisfies Record<BottleneckShape, (options: Json) => AdapterSettings>;

/** Files without a version are of the time when these activations had other names. */
const oldActivations: Readonly<Record<string, string>> = { gelu: 'gelu_new', gelu_orig: 'gelu' };

/** A configuration with those fields at their defaults that do nothing beside the others. */
function withoutInert(config: Json): Json {
  const isParallel = config.is_parallel === true;
  return {
    ...config,
    ...(isParallel && { original_ln_before: false }),
    ...((isParallel || isOff(config.ln_after)) && { adapter_residual_before_ln: false }),
  };
}

function bottleneckSettings(label: string, config: Json, { version, type, hidden, weights }: ConfigFacts): ReadConfig {
  const hasInvertible = weights.some(({ name }) => /(^|\.)invertible_(\w+_)?adapters\./.test(name));

  // Task adapters of the time before versions name an invertible adapter that they may not have; the library drops it.
  const isUnused = version === undefined && type === 'text_task' && !hasInvertible;
  const full: Json = { ...bottleneckDefaults, ...withoutInert(config), ...(isUnused && { inv_adapter: null }) };
  refuseFeatures(label, full, bottleneckFeatures);
  const shape = (Object.keys(shapes) as BottleneckShape[]).find((name) =>
    Object.entries(shapes[name]).every(([key, value]) => full[key] === value),
  );
  const isUsual = full.original_ln_after === true && (full.residual_before_ln === true || !full.original_ln_before);
  if (!shape || !isUsual) {
    const keys = [...Object.keys(shapes.houlsby), 'original_ln_after', 'residual_before_ln'];
    const flags = keys.map((key) => `${key} ${JSON.stringify(full[key])}`).join(', ');
    throw new InputError(`${label}: no family here has bottlenecks with ${flags}.`);
  }
  const factor = numberField(label, config, 'reduction_factor');
  const dropout = numberField(label, full, 'dropout');
  const name = String(full.non_linearity);
  return {
    settings: inFile(label, () =>
      configure[shape]({
        bottleneck: Math.max(1, floorDivide(hidden, factor)),
        activation: (version === undefined ? oldActivations[name] : undefined) ?? name.toLowerCase(),
        init: full.init_weights,
        scale: full.scaling === 'learned' ? full.scaling : numberField(label, full, 'scaling'),
        dropout,
        ...leftOut(full),
      }),
    ),
    warnings: [
      ...(dropout > 0 && !shape.startsWith('houlsby') ? [droppedDropout(label, dropout)] : []),
      ...(isOff(full.stochastic_depth)
        ? []
        : [`${label}: stochastic depth is not kept; it matters in training alone.`]),
    ],
  };
}

function prefixSettings(label: string, config: Json, { weights }: ConfigFacts): ReadConfig {
  refuseFeatures(label, config, { use_gating: 'gating' });
  const full: Json = { ...prefixDefaults, ...config };
  if (full.encoder_prefix !== true) {
    throw new InputError(`${label}: a prefix without one in the encoder (encoder_prefix false) is not supported.`);
  }
  // Of an encoder alone it says nothing.
  if (full.cross_prefix !== true && weights.some(({ name }) => name.includes('.encoder_prefix.'))) {
    throw new InputError(`${label}: a prefix without one in cross-attention (cross_prefix false) is not supported.`);
  }
  if (full.non_linearity !== 'tanh') {
    throw new InputError(`${label}: a prefix with the activation ${full.non_linearity} is not supported; tanh is.`);
  }
  const dropout = numberField(label, full, 'dropout');
  return {
    settings: inFile(label, () =>
      prefix.configure({
        prefixLength: numberField(label, full, 'prefix_length'),
        ...(full.flat === true
          ? { prefixFlat: true }
          : { prefixBottleneck: numberField(label, full, 'bottleneck_size') }),
        ...leftOut(full),
      }),
    ),
    warnings: dropout > 0 ? [droppedDropout(label, dropout)] : [],
  };
}

/** A union of a prefix and a parallel adapter, in any order. */
function mamSettings(label: string, { configs }: Json, facts: ConfigFacts): ReadConfig {
  const parts = (Array.isArray(configs) ? configs : []).filter(isJsonObject);
  const inAttention = parts.find(({ architecture }) => architecture === 'prefix_tuning');
  const bottleneck = parts.find((part) => part !== inAttention && part.is_parallel === true);
  if (parts.length !== 2 || !inAttention || !bottleneck) {
    const names = parts.map(({ architecture }) => architecture ?? 'bottleneck').join(' and ');
    throw new InputError(`${label}: a union of ${names} is not supported; one of a prefix and a parallel adapter is.`);
  }
  const [first, second] = [prefixSettings(label, inAttention, facts), bottleneckSettings(label, bottleneck, facts)];
  if (String(first.settings.leaveOut) !== String(second.settings.leaveOut)) {
    throw new InputError(`${label}: a union whose parts leave out different layers is not supported.`);
  }
  const { prefixBottleneck, ...inFront } = configOf(first.settings);
  const network = inFront.prefixFlat ? {} : { prefixBottleneck };
  const options: Json = { ...inFront, ...network, ...configOf(second.settings) };
  return { settings: mam.configure(options), warnings: [...first.warnings, ...second.warnings] };
}

/** The facts about an adapter that decide with its `config` what is computed. */
interface ConfigFacts {
  /** The library's, as the file gives it. */
  readonly version: unknown;
  /** What it is for, in files of the time before versions. */
  readonly type: unknown;
  /** The width of the backbone. */
  readonly hidden: number;
  readonly weights: readonly Weight[];
}

/**
 * The settings of a `config` in an `adapter_config.json`.
 *
 * @throws InputError naming a feature that is not supported
 */
export function readAdapterConfig(label: string, config: Json, facts: ConfigFacts): ReadConfig {
  const { architecture = null } = config;
  if (architecture === 'lora') return loraSettings(label, config, facts);
  if (architecture === 'prefix_tuning') return prefixSettings(label, config, facts);
  if (architecture === 'union') return mamSettings(label, config, facts);
  if (architecture === null || architecture === 'bottleneck') return bottleneckSettings(label, config, facts);
  throw new InputError(`${label}: the architecture ${JSON.stringify(architecture)} is not supported.`);
}
