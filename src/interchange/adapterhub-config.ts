import { type AdapterSettings, configOf, lora, mam, parallel, prefix } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import {
  architectureOf,
  type EncoderConfig,
  type EncoderDecoderConfig,
  isEncoderDecoder,
  isEncoderDecoderType,
  type ModelConfig,
} from '../models/browser.ts';
import { bottleneckConfig, bottleneckSettings } from './adapterhub-bottleneck.ts';
import { type ConfigFacts, droppedDropout, leftOut, type ReadConfig } from './adapterhub-facts.ts';
import { inFile, type Json, numberField, refuseFeatures } from './fields.ts';
import { endsIn, kindOf, loraModules } from './modules.ts';
import { noSuchKind } from './no-such-kind.ts';
import type { Weight } from './portable.ts';

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

/** @throws InputError for a LoRA that AdapterHub cannot express */
function loraConfig(settings: AdapterSettings, weights: readonly Weight[], config: ModelConfig): Json {
  const { rank, alpha, rslora, dropout, init, ...rest } = configOf(settings);
  if (rslora) throw noLora('scaled by alpha / sqrt(rank)');
  const own = ['dora', 'loraBias', 'bias', 'modulesToSave', 'rankPattern', 'alphaPattern'].find((key) => rest[key]);
  if (own) throw noLora(`with ${own}`);
  const modules = loraModules(weights);
  return {
    ...(isEncoderDecoder(config) ? bartPlaces(modules, config) : encoderPlaces(modules, config)),
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
function encoderPlaces(modules: readonly string[], config: EncoderConfig): Json {
  const { title, layerNames: names, layers: stack } = architectureOf(config.model_type);
  if (!names) throw noLora(`in ${title}`);
  const attentionMatrices = { [names.query]: 'q', [names.key]: 'k', [names.value]: 'v' };
  const feedForward = [names.inner, names.dense];
  const { at, count } = stack(config);
  const kinds = [...new Set(modules.map(kindOf))];
  const foreign = kinds.find((kind) => !Object.hasOwn(attentionMatrices, kind) && !feedForward.includes(kind));
  if (foreign) throw noLora(`at ${foreign}`);
  const layers = Array.from({ length: count }, (_, i) => i);
  const kindsIn = (layer: number) =>
    kinds.filter((kind) => modules.some((name) => endsIn(name, `${at}.${layer}.${kind}`)));
  const uneven = layers.find((layer) => kindsIn(layer).length % kinds.length !== 0);
  if (uneven !== undefined) throw noLora(`at other layers in block ${uneven} than in the others`);
  const matrices = Object.entries(attentionMatrices).filter(([kind]) => kinds.includes(kind));
  return {
    attn_matrices: matrices.map(([, letter]) => letter),
    intermediate_lora: kinds.includes(names.inner),
    leave_out: layers.filter((layer) => kindsIn(layer).length === 0),
    output_lora: kinds.includes(names.dense),
    selfattn_lora: matrices.length > 0,
  };
}

/** Returns the same for BART: there a matrix is changed in all three attentions, and each choice holds for all layers. */
function bartPlaces(modules: readonly string[], { encoder_layers, decoder_layers }: EncoderDecoderConfig): Json {
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
function prefixConfig(settings: AdapterSettings, weights: readonly Weight[], { model_type }: ModelConfig): Json {
  const { prefixFlat, prefixBottleneck, leaveOut } = settings;
  const attentions = isEncoderDecoderType(model_type)
    ? (settings.prefixAttentions as readonly string[] | undefined)
    : undefined;
  if (attentions && !attentions.includes('self')) {
    throw new InputError(
      `AdapterHub always has a prefix in the attention of the decoder to itself, which is not among the prefixAttentions ${attentions.join(', ')}; save it as 'sparse'.`,
    );
  }
  const shapeOf = (end: string) => weights.find(({ name }) => name.endsWith(`.self_prefix.${end}`))?.shape ?? [];
  const [length] = shapeOf(prefixFlat ? 'control_trans' : 'wte.weight');
  return {
    ...prefixDefaults,
    cross_prefix: attentions?.includes('cross') ?? true,
    encoder_prefix: attentions?.includes('encoder') ?? true,
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
  if (settings.kind === 'prefix') return prefixConfig(settings, weights, config);
  if (settings.kind === 'mam') {
    const parts = [prefixConfig(settings, weights, config), bottleneckConfig(settings, config)];
    return { architecture: 'union', configs: parts };
  }
  const bottleneck = bottleneckConfig(settings, config);
  if (bottleneck) return bottleneck;
  throw noSuchKind('AdapterHub', settings.kind);
}

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

function prefixSettings(label: string, config: Json, { modelType }: ConfigFacts): ReadConfig {
  refuseFeatures(label, config, { use_gating: 'gating' });
  const full: Json = { ...prefixDefaults, ...config };
  const isEverywhere = full.encoder_prefix === true && full.cross_prefix === true;
  // Of an encoder alone both say nothing.
  const isPartial = !isEverywhere && isEncoderDecoderType(modelType);
  const attentions = ['encoder', 'self', 'cross'].filter((stack) => full[`${stack}_prefix`] !== false);
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
        ...(isPartial && { prefixAttentions: attentions }),
        ...leftOut(full),
      }),
    ),
    warnings: dropout > 0 ? [droppedDropout(label, dropout)] : [],
  };
}

/** A union of a prefix and a parallel adapter, in any order. */
function mamSettings(label: string, { configs }: Json, facts: ConfigFacts): ReadConfig {
  const parts = (Array.isArray(configs) ? configs : []).filter(isJsonObject);
  if (parts.length === 1) return readAdapterConfig(label, parts[0], facts);
  const inAttention = parts.find(({ architecture }) => architecture === 'prefix_tuning');
  const bottleneck = parts.find((part) => part !== inAttention && part.is_parallel === true);
  if (parts.length !== 2 || !inAttention || !bottleneck) {
    const names = parts.map(({ architecture }) => architecture ?? 'bottleneck').join(' and ');
    throw new InputError(`${label}: a union of ${names} is not supported; one of a prefix and a parallel adapter is.`);
  }
  const [first, second] = [prefixSettings(label, inAttention, facts), bottleneckSettings(label, bottleneck, facts)];
  if (second.settings.kind !== parallel.kind) {
    throw new InputError(
      `${label}: a union of a prefix and parallel adapters other than those of Mix-And-Match (beside feed-forward, without norms of their own) is not supported.`,
    );
  }
  if (String(first.settings.leaveOut) !== String(second.settings.leaveOut)) {
    throw new InputError(`${label}: a union whose parts leave out different layers is not supported.`);
  }
  const { prefixBottleneck, ...inFront } = configOf(first.settings);
  const network = inFront.prefixFlat ? {} : { prefixBottleneck };
  const options: Json = { ...inFront, ...network, ...configOf(second.settings) };
  return { settings: mam.configure(options), warnings: [...first.warnings, ...second.warnings] };
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
