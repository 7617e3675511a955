import { assertComplete } from '../further-kinds.ts';
import type { ClassFacts, TokenizerClass } from './tokenizer-class.ts';
import { wordPieceClasses } from './word-piece-classes.ts';

const classes: Record<string, TokenizerClass> = { ...wordPieceClasses };

/** Adds classes that have other vocabulary files than BERT's. */
export function addClasses(further: Readonly<Record<string, TokenizerClass>>): void {
  Object.assign(classes, further);
}

/** The names of the classes that are known. */
export const classNames = (): string[] => Object.keys(classes).sort();

const end = '<|endoftext|>';

/** Classes that are read from a tokenizer.json only. */
const furtherClasses: Readonly<Record<string, ClassFacts>> = {
  BloomTokenizer: { tokens: { bos: '<s>', eos: '</s>', unk: '<unk>', pad: '<pad>' }, typeIds: false },
  GPTNeoXTokenizer: { tokens: { bos: end, eos: end, unk: end }, typeIds: false },
};

/** Classes that differ from others in name only. */
const aliases: Readonly<Record<string, string>> = {
  BlenderbotTokenizer: 'RobertaTokenizer',
  CodeGenTokenizer: 'GPT2Tokenizer',
  DPRContextEncoderTokenizer: 'BertTokenizer',
  DPRQuestionEncoderTokenizer: 'BertTokenizer',
  DPRReaderTokenizer: 'BertTokenizer',
  MvpTokenizer: 'BartTokenizer',
  RealmTokenizer: 'BertTokenizer',
  RetriBertTokenizer: 'BertTokenizer',
};

/** The classes of models whose tokenizer_config.json names none, by the `model_type` of config.json. */
const classesOfModels: Readonly<Record<string, string>> = {
  albert: 'AlbertTokenizer',
  bart: 'BartTokenizer',
  barthez: 'BarthezTokenizer',
  bert: 'BertTokenizer',
  'bert-generation': 'BertGenerationTokenizer',
  big_bird: 'BigBirdTokenizer',
  bigbird_pegasus: 'PegasusTokenizer',
  bloom: 'BloomTokenizer',
  camembert: 'CamembertTokenizer',
  clip: 'CLIPTokenizer',
  code_llama: 'CodeLlamaTokenizer',
  codegen: 'GPT2Tokenizer',
  convbert: 'ConvBertTokenizer',
  'data2vec-text': 'RobertaTokenizer',
  deberta: 'DebertaTokenizer',
  'deberta-v2': 'DebertaV2Tokenizer',
  distilbert: 'DistilBertTokenizer',
  electra: 'ElectraTokenizer',
  ernie: 'BertTokenizer',
  fnet: 'FNetTokenizer',
  funnel: 'FunnelTokenizer',
  gemma: 'GemmaTokenizer',
  gemma2: 'GemmaTokenizer',
  gemma3: 'GemmaTokenizer',
  gemma3_text: 'GemmaTokenizer',
  gpt2: 'GPT2Tokenizer',
  gpt_neo: 'GPT2Tokenizer',
  gpt_neox: 'GPTNeoXTokenizer',
  gptj: 'GPT2Tokenizer',
  ibert: 'RobertaTokenizer',
  layoutlm: 'LayoutLMTokenizer',
  led: 'LEDTokenizer',
  llama: 'LlamaTokenizer',
  longformer: 'LongformerTokenizer',
  longt5: 'T5Tokenizer',
  lxmert: 'LxmertTokenizer',
  m2m_100: 'M2M100Tokenizer',
  marian: 'MarianTokenizer',
  mbart: 'MBartTokenizer',
  mbart50: 'MBart50Tokenizer',
  'megatron-bert': 'BertTokenizer',
  mistral: 'LlamaTokenizer',
  mixtral: 'LlamaTokenizer',
  mobilebert: 'MobileBertTokenizer',
  mpnet: 'MPNetTokenizer',
  mt5: 'MT5Tokenizer',
  nezha: 'BertTokenizer',
  nllb: 'NllbTokenizer',
  'nllb-moe': 'NllbTokenizer',
  nystromformer: 'AlbertTokenizer',
  opt: 'GPT2Tokenizer',
  pegasus: 'PegasusTokenizer',
  pegasus_x: 'PegasusTokenizer',
  qwen2: 'Qwen2Tokenizer',
  reformer: 'ReformerTokenizer',
  rembert: 'RemBertTokenizer',
  roberta: 'RobertaTokenizer',
  'roberta-prelayernorm': 'RobertaTokenizer',
  seamless_m4t: 'SeamlessM4TTokenizer',
  seamless_m4t_v2: 'SeamlessM4TTokenizer',
  squeezebert: 'SqueezeBertTokenizer',
  t5: 'T5Tokenizer',
  umt5: 'T5Tokenizer',
  visual_bert: 'BertTokenizer',
  xglm: 'XGLMTokenizer',
  'xlm-roberta': 'XLMRobertaTokenizer',
  'xlm-roberta-xl': 'XLMRobertaTokenizer',
  xlnet: 'XLNetTokenizer',
  xmod: 'XLMRobertaTokenizer',
  yoso: 'AlbertTokenizer',
};

/** What the files of a folder say of the class of its tokenizer. */
export interface StatedClass {
  /** As the files name it, without `Fast`; null if they name none. */
  readonly name: string | null;
  /** Null for a class that is not known, or none. */
  readonly facts: ClassFacts | null;
  /** The same, if its tokenizers can be made of a vocabulary file. */
  readonly known: TokenizerClass | null;
}

/**
 * The class of tokenizers that a folder is of: `tokenizer_class` of tokenizer_config.json, else that of config.json, else the
 * one of its `model_type`.
 *
 * @throws InputError in a page that has not fetched the class
 */
export function classOf(
  ofTokenizer: string | null | undefined,
  model: { readonly tokenizer_class?: unknown; readonly model_type?: unknown },
): StatedClass {
  const { tokenizer_class: ofModel, model_type: type } = model;
  const named = ofTokenizer || (typeof ofModel === 'string' ? ofModel : '');
  const typed = typeof type === 'string' && Object.hasOwn(classesOfModels, type) ? classesOfModels[type] : null;
  const name = named.replace(/Fast$/, '') || typed;
  if (name === null) return { name: null, facts: null, known: null };
  const own = Object.hasOwn(aliases, name) ? aliases[name] : name;
  if (Object.hasOwn(classes, own)) return { name, facts: classes[own], known: classes[own] };
  assertComplete(name);
  return { name, facts: Object.hasOwn(furtherClasses, own) ? furtherClasses[own] : null, known: null };
}
