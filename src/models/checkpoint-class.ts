import { architectures } from './architectures.ts';
import { type ConfigJson, fieldError } from './config-json.ts';

/** The task of the head of a checkpoint. `none`: it has no head. `other`: the class is not known here. */
export type HeadKind =
  | 'none'
  | 'unstated'
  | 'sequence-classification'
  | 'token-classification'
  | 'multiple-choice'
  | 'question-answering'
  | 'language-model'
  | 'next-sentence'
  | 'text-generation'
  | 'adapterhub'
  | 'other';

/** The Python class that a `config.json` names, and what its head is for. */
export interface StatedClass {
  /** Null if the file names none. */
  readonly architecture: string | null;
  readonly kind: HeadKind;
}

/** The heads of transformers' classes by the end of their names, and those of AdapterHub's. */
const heads: Readonly<Record<string, HeadKind>> = {
  Model: 'none',
  PreTrainedModel: 'none',
  PretrainedModel: 'none',
  ForSequenceClassification: 'sequence-classification',
  ForTokenClassification: 'token-classification',
  ForMultipleChoice: 'multiple-choice',
  ForQuestionAnswering: 'question-answering',
  ForMaskedLM: 'language-model',
  ForPreTraining: 'language-model',
  ForCausalLM: 'language-model',
  LMHeadModel: 'language-model',
  ForNextSentencePrediction: 'next-sentence',
  ForConditionalGeneration: 'text-generation',
  MTModel: 'text-generation',
  AdapterModel: 'adapterhub',
  ModelWithHeads: 'adapterhub',
};

/** The task of a head in words. */
export const headTitles: Readonly<Record<HeadKind, string>> = {
  none: 'no head',
  unstated: 'a head of unknown kind',
  'sequence-classification': 'a head for classes of texts (sequence classification)',
  'token-classification': 'a head for labels of tokens (token classification)',
  'multiple-choice': 'a head that chooses among answers (multiple choice)',
  'question-answering': 'a head for answers to questions',
  'language-model': 'a head for masked or next tokens (language modelling)',
  'next-sentence': 'a head that tells whether two texts follow each other (next sentence prediction)',
  'text-generation': 'a head that generates text',
  adapterhub: 'heads of AdapterHub',
  other: 'a head that is not known here',
};

/** What the names of the classes of encoder-decoders begin with. */
export const seq2SeqClasses = { bart: 'Bart', marian: 'Marian', mbart: 'MBart', t5: 'T5' } as const;

/** What the names of the classes of each model type begin with. */
const families = (): (readonly [type: string, starts: readonly string[]])[] => [
  ...architectures().map(({ type, classes }) => [type, classes] as const),
  ...Object.entries(seq2SeqClasses).map(([type, start]) => [type, [start]] as const),
];

const startsOf = (type: string): readonly string[] => new Map(families()).get(type) ?? [];

/** The first class of the file, without the mark of another framework. */
function firstClass({ architectures }: ConfigJson): string | null {
  const [name] = Array.isArray(architectures) ? architectures : [];
  return typeof name === 'string' && name !== '' ? name.replace(/^(TF|Flax)(?=[A-Z])/, '') : null;
}

/** The head of a class whose name begins so; undefined if there is no such class. */
function headOf(name: string, starts: readonly string[]): HeadKind | undefined {
  const prefix = starts.find((start) => name.startsWith(start) && Object.hasOwn(heads, name.slice(start.length)));
  return prefix === undefined ? undefined : heads[name.slice(prefix.length)];
}

/** Returns the task of the head of a class of transformers or AdapterHub. */
export const headOfClass = (name: string): HeadKind =>
  headOf(
    name,
    families().flatMap(([, starts]) => starts),
  ) ?? 'other';

/** @throws InputError for `architectures` that is no list of names, or names a class of another model type */
export function checkArchitectures(json: ConfigJson, type: string, file: string): void {
  const { architectures: given } = json;
  if (given != null && !(Array.isArray(given) && given.every((a) => typeof a === 'string'))) {
    throw fieldError('architectures', given, 'a list of names of Python classes', file);
  }
  const name = firstClass(json);
  if (name !== null && !headOf(name, startsOf(type)) && headOfClass(name) !== 'other') {
    throw fieldError('architectures', given, `a class of model_type ${type}`, file);
  }
}

/** Returns the kind of checkpoint that a `config.json` states. */
export function statedClass(json: ConfigJson, type: string): StatedClass {
  const architecture = firstClass(json);
  if (architecture === null) return { architecture, kind: 'unstated' };
  return { architecture, kind: headOf(architecture, startsOf(type)) ?? 'other' };
}
