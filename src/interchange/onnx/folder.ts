import { readGenerationConfig, readModelConfig } from '../../io/index.ts';
import {
  architectureOf,
  type EncoderDecoderConfig,
  type GenerationSettings,
  type HeadKind,
  isEncoderDecoder,
  type ModelConfig,
  type ProblemType,
} from '../../models/index.ts';
import { type Languages, readTokenizerFolder } from '../../text/index.ts';
import { label2id, modelClass } from '../adapterhub-head.ts';
import { sortedJson } from '../fields.ts';

/** What the configuration of a folder says of the head. */
export interface FolderHead {
  readonly kind: HeadKind;
  /** Names of the outputs in their order; null where they have none. */
  readonly outputs: readonly string[] | null;
  readonly problem?: ProblemType;
}

/** Fields of the backbone's configuration that say something of another head, or of how its weights were stored. */
const ofOthers = [
  ...['architectures', 'id2label', 'label2id', 'num_labels', '_num_labels', 'problem_type'],
  ...['dtype', 'torch_dtype'],
];

/** Whether transformers has a class for a head of the model. */
const hasClass = (config: ModelConfig, kind: HeadKind): boolean =>
  isEncoderDecoder(config) || !architectureOf(config.model_type).withoutClass?.includes(kind);

/**
 * The `config.json` of a folder for transformers.js, which takes from it the class of the model, the names of outputs and what they mean.
 *
 * @param outside for each model file that has numbers beside it the number of these files
 * @param sizes of caches under the names of the runtime: a configuration may leave them out
 */
export function configFile(
  folder: string,
  config: ModelConfig,
  { kind, outputs, problem }: FolderHead,
  outside: Readonly<Record<string, number>>,
  sizes: Readonly<Record<string, number>> = {},
): string {
  const own = Object.entries(readModelConfig(folder)).filter(([key]) => !ofOthers.includes(key));
  const ids = outputs && label2id(outputs);
  return sortedJson({
    ...Object.fromEntries(own),
    model_type: config.model_type,
    vocab_size: config.vocab_size,
    // A configuration may leave it out; the runtime then makes no caches.
    ...(isEncoderDecoder(config) && { is_encoder_decoder: true, ...sizes }),
    ...(hasClass(config, kind) && { architectures: [modelClass(config, kind)] }),
    ...(ids && { label2id: ids, id2label: Object.fromEntries(Object.entries(ids).map(([name, id]) => [id, name])) }),
    ...(problem && { problem_type: problem }),
    ...(Object.keys(outside).length > 0 && { 'transformers.js_config': { use_external_data_format: outside } }),
  });
}

/** The `generation_config.json` of a folder: which tokens begin and end a text, and how it is generated. */
export function generationFile(
  folder: string,
  { pad_token_id, eos_token_id, decoder_start_token_id }: EncoderDecoderConfig,
  settings: Partial<GenerationSettings> = {},
): string {
  const { bos_token_id } = { ...readModelConfig(folder), ...readGenerationConfig(folder) };
  const { sampling, ...own } = settings;
  return sortedJson({
    ...{ bos_token_id, pad_token_id, eos_token_id },
    decoder_start_token_id: own.decoderStartTokenId ?? decoder_start_token_id,
    bad_words_ids: own.badWordsIds?.length ? own.badWordsIds : undefined,
    max_length: own.maxLength,
    min_length: own.minLength,
    no_repeat_ngram_size: own.noRepeatNgramSize,
    forced_bos_token_id: own.forcedBosTokenId,
    forced_eos_token_id: own.forcedEosTokenId,
    ...(sampling && {
      ...{ do_sample: true, temperature: sampling.temperature, top_k: sampling.topK, top_p: sampling.topP },
    }),
  });
}

/** The classes of transformers.js by the model's type. That of BERT alone gives the second text of a pair a type of its own. */
const tokenizerClasses: Partial<Record<ModelConfig['model_type'], string>> = {
  roberta: 'RobertaTokenizer',
  bart: 'BartTokenizer',
};

/**
 * The files of a tokenizer as transformers.js reads them: one with all that the files of the backbone say, and its settings. None for a
 * vocabulary of each side, which sentencepiece itself reads (Marian): no tokenizer.json gives its tokens.
 *
 * @param hasTypes whether the model reads types of tokens
 * @param maxLength tokens at which texts are cut
 */
export function tokenizerFiles(
  folder: string,
  { model_type }: ModelConfig,
  hasTypes: boolean,
  maxLength: number,
  languages?: Languages,
): Record<string, string> {
  const { definition, settings } = readTokenizerFolder(folder, languages);
  const { type } = definition.model as { readonly type?: unknown };
  if (type === 'SentencePiece') return {};
  const tokens = Object.entries(settings.specialTokens).map(([role, token]) => [`${role}_token`, token]);
  return {
    'tokenizer.json': JSON.stringify(definition),
    'tokenizer_config.json': sortedJson({
      ...Object.fromEntries(tokens),
      tokenizer_class: hasTypes ? 'BertTokenizer' : (tokenizerClasses[model_type] ?? 'PreTrainedTokenizer'),
      model_max_length: maxLength,
      clean_up_tokenization_spaces: settings.cleanUpTokenizationSpaces,
      padding_side: 'right',
    }),
  };
}
