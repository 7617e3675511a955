import type * as v from 'valibot';
import type { ParameterPath } from '../nn/index.ts';
import type { HeadKind } from './checkpoint-class.ts';
import type { EncoderConfig } from './config.ts';
import type { Encoder } from './encoder.ts';
import type { commonEntries } from './encoder-schema.ts';
import type { HeadForms } from './heads.ts';
import type { LayerNames } from './parts/post-norm-layer.ts';

/** The `model_type` of an encoder; programs may add others. */
export type EncoderType =
  | 'bert'
  | 'roberta'
  | 'distilbert'
  | 'xlm-roberta'
  | 'camembert'
  | 'electra'
  | 'mpnet'
  | 'albert'
  | 'deberta-v2'
  | 'modernbert'
  | 'nomic_bert'
  | 'gte'
  | (string & Record<never, never>);

/** What some fields of a file say. */
export type Fields<Entries extends v.ObjectEntries> = v.InferOutput<
  v.ObjectSchema<Entries & typeof commonEntries, undefined>
>;

/** What all encoders have in common, and the file alone does not say in the same words: the fields of `EncoderConfig` that follow. */
export type EncoderSizes = Pick<
  EncoderConfig,
  | 'hidden_size'
  | 'num_hidden_layers'
  | 'num_attention_heads'
  | 'intermediate_size'
  | 'hidden_act'
  | 'type_vocab_size'
  | 'layer_norm_eps'
  | 'hidden_dropout_prob'
  | 'attention_probs_dropout_prob'
> &
  Partial<Pick<EncoderConfig, 'position_padding' | 'classifier_dropout'>>;

/** Where an encoder has its layers. */
export interface LayerStack {
  /** Their path below the encoder: `encoder.layer`. */
  readonly at: string;
  /** The field of `config.json` with their number. */
  readonly field: string;
  readonly count: number;
}

/** A module of a checkpoint whose tensors a model has under other names, or in parts. */
export interface SavedModule {
  /** Its path below the encoder in the checkpoint. */
  readonly name: string;
  /** The modules of the encoder that have equal parts of its rows, in their order; a single one has all. */
  readonly parts: readonly string[];
}

/** What there is to know of an architecture of encoders. Each has one file. */
export interface Architecture<
  Config extends EncoderConfig = EncoderConfig,
  Entries extends v.ObjectEntries = v.ObjectEntries,
> {
  readonly type: EncoderType;
  /** Its name in texts: BERT. */
  readonly title: string;
  /** What the names of Python classes with its weights begin with, its own first. */
  readonly classes: readonly [string, ...string[]];
  /** The heads here that transformers has no class for. */
  readonly withoutClass?: readonly HeadKind[];
  /** The place of the encoder in a checkpoint with a head. */
  readonly prefix: string;
  /** The padding id where a file says nothing of it. */
  readonly padTokenId: number;
  /** The fields of `config.json` that it follows or refuses, besides the common ones. */
  readonly entries: Entries;
  /** The sizes in the names of BERT, and whatever else the model needs. */
  sizes(fields: Fields<Entries>, padTokenId: number): EncoderSizes & Omit<Config, keyof EncoderConfig>;
  /** Other names that files have for fields, and the field that each is; one that is there itself goes before. */
  readonly otherNames?: Readonly<Record<string, string>>;
  /** The names of fields that other encoders name as BERT does. */
  readonly fieldNames?: Readonly<Partial<Record<'hidden_size' | 'num_attention_heads', string>>>;
  build(path: ParameterPath, config: Config): Encoder;
  heads(config: Config): HeadForms;
  layers(config: Config): LayerStack;
  /** What is saved otherwise than transformers, and so the encoder here, has it while it computes: fused matrices, older names. */
  saved?(config: Config): readonly SavedModule[];
  /** Where its layers are those of BERT under these names. */
  readonly layerNames?: LayerNames;
}
