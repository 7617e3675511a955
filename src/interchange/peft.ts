import { type AdapterSettings, configOf, lora } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { denseFile, readDenseFile } from './dense-file.ts';
import { inFile, isOff, refuseFeatures, sortedJson, textField } from './fields.ts';
import type { AdapterFormat } from './format.ts';
import { endsIn, kindOf, loraModules } from './modules.ts';
import { PLACE, type PortableAdapter, type Weight } from './portable.ts';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';
const PICKLE = 'adapter_model.bin';

/** PEFT wraps a model twice; an adapter's own name is left out of the file. */
const PREFIX = 'base_model.model.';

const fileName = (name: string): string => PREFIX + name.replace(`.${PLACE}.`, '.');

function ownName(label: string, name: string): string {
  if (!name.startsWith(PREFIX)) {
    throw new InputError(`${label}: tensor "${name}" does not begin with ${PREFIX} as in PEFT's files.`);
  }
  return name.slice(PREFIX.length).replace(/\.(lora_[AB])\.weight$/, `.$1.${PLACE}.weight`);
}

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
};

/** Initialisations that change the weights of the backbone, which the adapter's file does not have. */
const changesBackbone = /^(pissa|olora|loftq|corda)/i;

/** Layers of the Python model that have no attachment point here: PEFT would adapt them too if a target names them. */
const otherLayers = ['bert.pooler.dense', 'classifier.dense', 'classifier.out_proj', 'classifier'];

/** Names for `target_modules` that match in Python what they match here. */
function targetModules(names: readonly string[], weights: readonly Weight[]): string[] {
  if (!names.some((name) => otherLayers.some((layer) => endsIn(layer, name)))) return [...names];
  return [...new Set(loraModules(weights).map(kindOf))];
}

function loraConfig({ settings, adapter, head, backbone }: PortableAdapter): Record<string, unknown> {
  const { rank, alpha, rslora, dropout, targetModules: names } = configOf(settings);
  const isQuestionAnswering = head.some(({ name }) => name.startsWith('qa_outputs.'));
  const hasPooler = head.some(({ name }) => name.includes('pooler.'));
  return {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: backbone,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: alpha,
    lora_dropout: dropout,
    modules_to_save: [
      ...(isQuestionAnswering ? ['qa_outputs'] : ['classifier', 'score']),
      ...(hasPooler ? ['pooler'] : []),
    ],
    peft_type: 'LORA',
    r: rank,
    rank_pattern: {},
    revision: null,
    target_modules: targetModules(names as readonly string[], adapter),
    task_type: isQuestionAnswering ? 'QUESTION_ANS' : 'SEQ_CLS',
    use_rslora: rslora,
  };
}

/** The settings of a LoRA configuration. @throws InputError for a feature that is not supported */
function loraSettings(
  label: string,
  config: Readonly<Record<string, unknown>>,
  weights: readonly Weight[],
): AdapterSettings {
  refuseFeatures(label, config, features);
  const { bias = 'none', init_lora_weights: init = true, target_modules: named } = config;
  if (bias !== 'none')
    throw new InputError(`${label}: trained biases (bias ${JSON.stringify(bias)}) are not supported.`);
  if (typeof init === 'string' && changesBackbone.test(init)) {
    throw new InputError(
      `${label}: init_lora_weights "${init}" changes the backbone's weights too; convert the adapter to plain LoRA in PEFT.`,
    );
  }
  const modules = loraModules(weights);
  const isPlain = Array.isArray(named) && isOff(config.layers_to_transform) && isOff(config.exclude_modules);
  const matching = (isPlain ? named.map(String) : []).filter((name) => modules.some((module) => endsIn(module, name)));
  return inFile(label, () =>
    lora.configure({
      rank: config.r as number | undefined,
      alpha: config.lora_alpha as number | undefined,
      rslora: config.use_rslora as boolean | undefined,
      dropout: config.lora_dropout as number | undefined,
      targetModules: matching.length > 0 ? matching : modules,
    }),
  );
}

/**
 * The folders of PEFT (Hugging Face): `adapter_config.json` and `adapter_model.safetensors` with the adapter and the modules that
 * were trained beside it. LoRA only; the other methods that PEFT and this package share have other formats.
 */
export const peft: AdapterFormat = {
  kind: 'peft',
  fileNames: [CONFIG, WEIGHTS],
  isOwn: (config) => Object.hasOwn(config, 'peft_type'),

  write(adapter) {
    const { kind } = adapter.settings;
    if (kind !== 'lora') throw new InputError(`PEFT has no adapter of the kind '${kind}'; write it as adapterhub.`);
    const weights = [...adapter.adapter, ...adapter.head].map((weight) => ({ ...weight, name: fileName(weight.name) }));
    return { files: { [CONFIG]: sortedJson(loraConfig(adapter)), [WEIGHTS]: denseFile(weights) }, warnings: [] };
  },

  read(files, config) {
    const label = files.path(CONFIG);
    if (config.peft_type !== 'LORA') {
      throw new InputError(`${label}: peft_type ${JSON.stringify(config.peft_type)} is not supported; LORA is.`);
    }
    const weights = readDenseFile(files, WEIGHTS, PICKLE).map((weight) => ({
      ...weight,
      name: ownName(files.path(WEIGHTS), weight.name),
    }));
    return {
      label: files.label,
      settings: loraSettings(label, config, weights),
      weights,
      backbone: { name: textField(config, 'base_model_name_or_path') },
      warnings: [],
      fileName,
    };
  },
};
