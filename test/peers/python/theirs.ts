import { tinyBart } from '../../support/tiny-bart.ts';
import { vocabulary } from '../../support/tiny-model.ts';
import { type BackboneName, backbones, hubEncoders, otherEncoders, relatives } from './backbones.ts';
import type { EnvironmentName } from './environments.ts';
import { bartReads, type Inputs, inputsFor, type TaskName, tasks } from './tasks.ts';

/** A configuration of a library: its class and the fields of it, which can be configurations too. */
export interface TheirConfig {
  readonly class: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** An adapter that Python makes and saves. */
export interface TheirCase {
  readonly library: 'PEFT' | 'AdapterHub';
  readonly config: TheirConfig;
  readonly task: TaskName;
  readonly backbone: BackboneName;
  readonly model: string;
  /** Tokens that it adds to those of its backbone. */
  readonly tokens?: readonly string[];
  /** The method that gives a flexible model its head, and how many outputs it has. */
  readonly head?: readonly [method: string, options: Readonly<Record<string, unknown>>];
}

type Place = Pick<TheirCase, 'task' | 'backbone' | 'model'>;
const at = (task: TaskName, backbone: BackboneName): Place => ({ task, backbone, model: backbones[backbone] });

const everywhere = Object.entries(tasks).flatMap(([task, { backbones: names }]) =>
  names.map((backbone) => at(task as TaskName, backbone)),
);
/** PEFT has no task of choices, and saves no head then. */
const ofPeftTasks = everywhere.filter(({ task }) => task !== 'choices');
const onBert = [at('classification', 'bert')];
const onBoth = [...onBert, at('summaries', 'bart')];
const onRelatives = relatives.map((backbone) => at('summaries', backbone));
const onT5 = onRelatives.filter(({ backbone }) => backbone.endsWith('t5'));
const onMarianAndMbart = onRelatives.filter(({ backbone }) => !backbone.endsWith('t5'));
/** What PEFT knows of an encoder's modules by itself, or is told. */
const loraTargets: Partial<Record<BackboneName, readonly string[]>> = {
  distilbert: ['q_lin', 'v_lin'],
  mpnet: ['q', 'v'],
  'deberta-v2': ['query_proj', 'value_proj'],
  modernbert: ['Wqkv'],
  nomic_bert: ['q_proj', 'v_proj'],
  gte: ['q_proj', 'v_proj'],
};
const onBartHeads = bartReads.map((task) => at(task, 'bart'));

type Row = readonly [name: string, fields: Readonly<Record<string, unknown>>, places: readonly Place[]];

const prompts = [
  at('classification', 'bert'),
  at('tokens', 'roberta'),
  at('answers', 'roberta'),
  at('embeddings', 'roberta'),
];

const ofPeft: readonly Row[] = [
  ['LoraConfig', { r: 4, lora_alpha: 8 }, ofPeftTasks],
  ['LoraConfig', { r: 4, use_dora: true, target_modules: 'all-linear' }, onBert],
  ['LoraConfig', { r: 4, use_rslora: true, rank_pattern: { query: 2 }, alpha_pattern: { value: 3 } }, onBert],
  ['LoraConfig', { r: 2, bias: 'all' }, onBoth],
  ['LoraConfig', { r: 2, lora_bias: true, modules_to_save: ['LayerNorm'] }, onBert],
  ['LoraConfig', { r: 2, layers_to_transform: [1], layers_pattern: 'layer' }, onBert],
  // PEFT does not save a head of this name by itself.
  ['LoraConfig', { r: 2, modules_to_save: ['classification_head'] }, [at('classification', 'bart')]],
  ['LoraConfig', { r: 2 }, [at('answers', 'bart')]],
  ['LoraConfig', { r: 2, target_modules: ['q', 'v'] }, onT5],
  ['LoraConfig', { r: 2, target_modules: ['q_proj', 'v_proj'] }, onMarianAndMbart],
  ...otherEncoders.map(
    (name): Row => [
      'LoraConfig',
      {
        r: 3,
        target_modules: loraTargets[name] ?? ['query', 'value'],
        // Its pooler is a part of the head, which PEFT does not save by itself.
        ...(name === 'deberta-v2' && { modules_to_save: ['classifier', 'pooler'] }),
      },
      [at('classification', name)],
    ],
  ),
  ['IA3Config', {}, ofPeftTasks],
  ['LNTuningConfig', { target_modules: ['LayerNorm'] }, onBert],
  ['PrefixTuningConfig', { num_virtual_tokens: 3 }, [...prompts, at('summaries', 'bart')]],
  ['PromptTuningConfig', { num_virtual_tokens: 3 }, [...prompts, at('summaries', 'bart')]],
  ['PromptEncoderConfig', { num_virtual_tokens: 3, encoder_hidden_size: 8 }, onBoth],
  ['AdaLoraConfig', { init_r: 3, target_r: 2, total_step: 10, tinit: 1, tfinal: 1 }, onBert],
  ['LoHaConfig', { r: 2, alpha: 4, target_modules: ['query', 'value'] }, onBert],
  ['LoKrConfig', { r: 2, alpha: 4, target_modules: ['query', 'value'] }, onBert],
  ['OFTConfig', { oft_block_size: 4, target_modules: ['query', 'value'] }, onBert],
  ['HRAConfig', { r: 2, target_modules: ['query', 'value'] }, onBert],
  ['VeraConfig', { r: 4, target_modules: ['query', 'value'] }, onBert],
  ['ShiraConfig', { r: 2, target_modules: ['query', 'value'] }, onBert],
  ['BOFTConfig', { boft_block_size: 4, target_modules: ['query', 'value'] }, onBert],
  ['FourierFTConfig', { n_frequency: 8, target_modules: ['query', 'value'] }, onBert],
];

const onHub = hubEncoders.map((backbone) => at('classification', backbone));
const bottleneck = { reduction_factor: 4 };
const prefix = { class: 'PrefixTuningConfig', fields: { prefix_length: 3, bottleneck_size: 5 } };
const ofHub: readonly Row[] = [
  ['SeqBnConfig', bottleneck, [...everywhere, ...onHub]],
  ['SeqBnConfig', bottleneck, onBartHeads],
  ['DoubleSeqBnConfig', { ...bottleneck, leave_out: [0] }, [...onBoth, ...onHub]],
  ['SeqBnConfig', { ...bottleneck, non_linearity: 'prelu', scaling: 'channel' }, onBoth],
  ['ParBnConfig', bottleneck, onBoth],
  ['LoRAConfig', { r: 3, alpha: 6, intermediate_lora: true }, onBoth],
  ['LoRAConfig', { r: 2 }, [...everywhere, ...onHub]],
  ['IA3Config', {}, [...onBoth, ...onHub]],
  ['PrefixTuningConfig', prefix.fields, [...onBoth, ...onHub.filter(({ backbone }) => backbone !== 'modernbert')]],
  ['PrefixTuningConfig', { prefix_length: 3, flat: true }, onBert],
  ['PrefixTuningConfig', { prefix_length: 3, flat: true, encoder_prefix: false, cross_prefix: false }, onBoth],
  ['MAMConfig', { prefix_tuning: prefix, adapter: { class: 'ParBnConfig', fields: bottleneck } }, onBoth],
  ['PromptTuningConfig', { prompt_length: 3 }, onBert],
  ['VeraConfig', {}, onBert],
  ['CompacterConfig', { phm_dim: 2, reduction_factor: 4 }, onBert],
  ['LoReftConfig', {}, onBert],
];

const heads: readonly (readonly [TaskName, NonNullable<TheirCase['head']>])[] = [
  ['classification', ['add_classification_head', { num_labels: 3 }]],
  ['several labels', ['add_classification_head', { num_labels: 3, multilabel: true }]],
  ['regression', ['add_classification_head', { num_labels: 1 }]],
  ['tokens', ['add_tagging_head', { num_labels: 3 }]],
  ['answers', ['add_qa_head', {}]],
];

/** Heads of a flexible BART, one that no class of transformers has among them. */
const bartHeadCalls: typeof heads = [
  ['classification', ['add_classification_head', { num_labels: 3 }]],
  ['classification', ['add_classification_head', { num_labels: 3, layers: 1 }]],
  ['several labels', ['add_classification_head', { num_labels: 3, multilabel: true }]],
  ['answers', ['add_qa_head', {}]],
];

const casesOf = (library: TheirCase['library'], rows: readonly Row[]): TheirCase[] =>
  rows.flatMap(([name, fields, places]) =>
    places.map((place) => ({ library, config: { class: name, fields }, ...place })),
  );

/** Adapters of both libraries, those with flexible heads among them. */
export const theirCases: readonly TheirCase[] = [
  ...casesOf('PEFT', ofPeft),
  {
    library: 'PEFT',
    config: { class: 'LoraConfig', fields: { r: 2, target_modules: ['query'], modules_to_save: ['word_embeddings'] } },
    tokens: ['bitcoin', 'euro'],
    ...at('classification', 'bert'),
  },
  {
    library: 'PEFT',
    config: { class: 'LoraConfig', fields: { r: 2, modules_to_save: ['embed_tokens'], ensure_weight_tying: true } },
    tokens: ['bitcoin', 'euro'],
    ...at('summaries', 'bart'),
  },
  {
    library: 'PEFT',
    config: { class: 'LoraConfig', fields: { r: 2, modules_to_save: ['classification_head'] } },
    tokens: ['bitcoin', 'euro'],
    ...at('classification', 'bart'),
  },
  {
    library: 'PEFT',
    config: { class: 'LoraConfig', fields: { r: 2, target_modules: ['word_embeddings', 'query'] } },
    tokens: ['bitcoin', 'euro'],
    ...at('classification', 'bert'),
  },
  ...casesOf('AdapterHub', ofHub),
  ...heads.flatMap(([task, head]) =>
    (['bert', 'roberta'] as const).map((backbone) => ({
      library: 'AdapterHub' as const,
      config: { class: 'SeqBnConfig', fields: bottleneck },
      head,
      ...at(task, backbone),
    })),
  ),
  ...bartHeadCalls.map(([task, head]) => ({
    library: 'AdapterHub' as const,
    config: { class: 'SeqBnConfig', fields: bottleneck },
    head,
    ...at(task, 'bart'),
  })),
];

function withTokens({ task, backbone }: Pick<TheirCase, 'task' | 'backbone'>, tokens: readonly string[]): Inputs {
  const isBart = backbone === 'bart';
  const known = isBart ? Number(tinyBart.vocab_size) : vocabulary.length;
  const added = tokens.map((_, i) => known + i);
  const input_ids = [isBart ? [0, ...added, 2] : [2, ...added, 3]];
  return task === 'summaries' ? { input_ids, decoder_input_ids: [[2, 0, ...added]] } : { input_ids };
}

/** Inputs of an adapter, some of them with the tokens that it adds, which are the last. */
export const inputsOf = ({
  tokens = [],
  ...place
}: Pick<TheirCase, 'task' | 'backbone' | 'tokens'>): readonly Inputs[] =>
  tokens.length === 0 ? inputsFor(place) : [...inputsFor(place), withTokens(place, tokens)];

/** PEFT runs prefixes with the older transformers alone. */
export const environmentOf = ({ library, config }: TheirCase): EnvironmentName =>
  library === 'AdapterHub' || config.class === 'PrefixTuningConfig' ? 'transformers-4' : 'transformers-5';

/** The configuration, the head where it is flexible, and whether tokens are added. */
export const titleOf = ({ config, head, tokens }: TheirCase): string => {
  const call = (method: string, options: object = {}) => `${method}(${Object.keys(options).join(', ')})`;
  const others = [head && call(...head), tokens && call('resize_token_embeddings')];
  return [call(config.class, config.fields), ...others].filter(Boolean).join(' and ');
};
