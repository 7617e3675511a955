import { type AdapterSettings, configOf, ia3, lora, mam, parallel, prefix } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import {
  type EncoderConfig,
  type EncoderDecoderConfig,
  isEncoderDecoder,
  isEncoderDecoderType,
  type ModelConfig,
} from '../models/browser.ts';
import { bottleneckConfig, bottleneckSettings } from './adapterhub-bottleneck.ts';
import { assertHasPrefix, hubMatrices, layerPaths } from './adapterhub-encoders.ts';
import { type ConfigFacts, droppedDropout, leftOut, type ReadConfig } from './adapterhub-facts.ts';
import { inFile, type Json, numberField, refuseFeatures } from './fields.ts';
import { endsIn, ia3Modules, kindOf, loraModules } from './modules.ts';
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
  return {
    ...placesOf(loraModules(weights), config, noLora),
    alpha,
    architecture: 'lora',
    composition_mode: 'add',
    dropout,
    init_weights: init,
    r: rank,
    use_gating: false,
  };
}

/** AdapterHub's `IA3Config`: a LoRA whose second matrix multiplies. @throws InputError for factors that AdapterHub does not have */
function factorConfig(weights: readonly Weight[], config: ModelConfig): Json {
  if (weights.some(({ shape }) => shape[0] === 1)) {
    throw noFactors('of inputs (feedforwardModules)');
  }
  return {
    ...placesOf(ia3Modules(weights), config, noFactors),
    alpha: 1,
    architecture: 'lora',
    composition_mode: 'scale',
    dropout: 0,
    init_weights: 'ia3',
    r: 1,
    use_gating: false,
  };
}

/** The error for a choice of layers that AdapterHub does not have. */
type Refusal = (problem: string) => InputError;

const noLora: Refusal = (problem) => new InputError(`AdapterHub has no LoRA ${problem}; write it as peft.`);
const noFactors: Refusal = (problem) => new InputError(`AdapterHub has no (IA)³ ${problem}; write it as peft.`);

const placesOf = (modules: readonly string[], config: ModelConfig, refusal: Refusal): Json =>
  isEncoderDecoder(config) ? bartPlaces(modules, config, refusal) : encoderPlaces(modules, config, refusal);

/** Returns the layers of an encoder that LoRA changes. @throws InputError for a choice that AdapterHub does not have */
function encoderPlaces(modules: readonly string[], config: EncoderConfig, refusal: Refusal): Json {
  const { attention, inner, dense } = hubMatrices(config);
  const kinds = [...new Set(modules.map(kindOf))];
  const foreign = kinds.find((kind) => !Object.hasOwn(attention, kind) && kind !== inner && kind !== dense);
  if (foreign) throw refusal(`at ${foreign}`);
  const layers = layerPaths(config);
  const kindsIn = (path: string) => kinds.filter((kind) => modules.some((name) => endsIn(name, `${path}.${kind}`)));
  const uneven = layers.findIndex((path) => kindsIn(path).length % kinds.length !== 0);
  if (uneven >= 0) throw refusal(`at other layers in block ${uneven} than in the others`);
  const letters = Object.entries(attention).flatMap(([kind, letter]) => (kinds.includes(kind) ? [letter] : []));
  return {
    attn_matrices: letters,
    intermediate_lora: kinds.includes(inner),
    leave_out: layers.flatMap((path, i) => (kindsIn(path).length === 0 ? [i] : [])),
    output_lora: kinds.includes(dense),
    selfattn_lora: letters.length > 0,
  };
}

/** Returns the same for BART: there a matrix is changed in all three attentions, and each choice holds for all layers. */
function bartPlaces(
  modules: readonly string[],
  { encoder_layers, decoder_layers }: EncoderDecoderConfig,
  refusal: Refusal,
): Json {
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
  if (foreign) throw refusal(`at ${kindOf(foreign)}`);
  const missing = expected.find((module) => !modules.includes(module));
  if (missing) throw refusal(`that leaves out ${missing}`);
  return {
    attn_matrices: letters,
    intermediate_lora: dense.includes('fc1'),
    leave_out: [],
    output_lora: dense.includes('fc2'),
    selfattn_lora: letters.length > 0,
  };
}

/** AdapterHub's `PrefixTuningConfig`. The sizes are those of the weights: MAM may have chosen them itself. */
function prefixConfig(settings: AdapterSettings, weights: readonly Weight[], config: ModelConfig): Json {
  if (!isEncoderDecoder(config)) assertHasPrefix(config);
  const { prefixFlat, prefixBottleneck, leaveOut } = settings;
  const attentions = isEncoderDecoder(config)
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
  if (!isEncoderDecoder(config)) hubMatrices(config);
  if (settings.kind === 'lora') return loraConfig(settings, weights, config);
  if (settings.kind === 'ia3') return factorConfig(weights, config);
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
  if (mode === 'scale') return factorSettings(label, config, { version, weights });
  if (mode !== 'add' || !['lora', 'bert', 'ia3'].includes(String(init))) {
    throw new InputError(`${label}: LoRA with composition_mode ${mode} and init_weights ${init} is not supported.`);
  }
  const rank = numberField(label, config, 'r', 8);
  const alpha = numberField(label, config, 'alpha', 8);
  const isFaulty = scalesByOne(version) && alpha !== rank;
  return {
    settings: inFile(label, () =>
      lora.configure({
        rank,
        alpha: isFaulty ? rank : alpha,
        dropout: numberField(label, config, 'dropout', 0),
        targetModules: targetsOf(loraModules(weights)),
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

/** The kinds of layers. `output.dense` alone would mean that of attention too. */
function targetsOf(modules: readonly string[]): readonly string[] {
  const kinds = [...new Set(modules.map(kindOf))];
  return kinds.includes('output.dense') ? modules : kinds;
}

/** (IA)³ is a LoRA there that multiplies what layers give. */
function factorSettings(
  label: string,
  config: Json,
  { version, weights }: Pick<ConfigFacts, 'version' | 'weights'>,
): ReadConfig {
  const [rank, alpha] = [numberField(label, config, 'r', 8), numberField(label, config, 'alpha', 8)];
  if (rank !== 1 || (alpha !== 1 && scalesByOne(version))) {
    throw new InputError(
      `${label}: composition_mode scale with r ${rank} and alpha ${alpha} in a file of ${version} is not supported; with r 1 and alpha 1 it is.`,
    );
  }
  return {
    factor: alpha,
    settings: inFile(label, () =>
      ia3.configure({ targetModules: targetsOf(loraModules(weights)), feedforwardModules: ['none'] }),
    ),
    warnings: [],
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
