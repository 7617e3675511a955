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

const families = { bert: ['Bert'], roberta: ['Roberta', 'XLMRoberta', 'Camembert'], bart: ['Bart'] } as const;
type ModelFamily = keyof typeof families;

/** The first class of the file, without the mark of another framework. */
function firstClass({ architectures }: ConfigJson): string | null {
  const [name] = Array.isArray(architectures) ? architectures : [];
  return typeof name === 'string' && name !== '' ? name.replace(/^(TF|Flax)(?=[A-Z])/, '') : null;
}

/** The head that a class of a family has; undefined if the family has no class of that name. */
function headOf(name: string, family: ModelFamily): HeadKind | undefined {
  const prefix = families[family].find(
    (start) => name.startsWith(start) && Object.hasOwn(heads, name.slice(start.length)),
  );
  return prefix && heads[name.slice(prefix.length)];
}

/** Returns the task of the head of a class of transformers or AdapterHub. */
export function headOfClass(name: string): HeadKind {
  const kinds = (Object.keys(families) as ModelFamily[]).map((family) => headOf(name, family));
  return kinds.find((kind) => kind !== undefined) ?? 'other';
}

/** @throws InputError for `architectures` that is no list of names, or names a class of another model type */
export function checkArchitectures(json: ConfigJson, family: ModelFamily, file: string): void {
  const { architectures } = json;
  if (architectures != null && !(Array.isArray(architectures) && architectures.every((a) => typeof a === 'string'))) {
    throw fieldError('architectures', architectures, 'a list of names of Python classes', file);
  }
  const name = firstClass(json);
  if (name === null || headOf(name, family)) return;
  const other = (Object.keys(families) as ModelFamily[]).find((key) => headOf(name, key));
  if (other) throw fieldError('architectures', architectures, `a class of model_type ${family}`, file);
}

/** Returns the kind of checkpoint that a `config.json` states. */
export function statedClass(json: ConfigJson, family: ModelFamily): StatedClass {
  const architecture = firstClass(json);
  if (architecture === null) return { architecture, kind: 'unstated' };
  return { architecture, kind: headOf(architecture, family) ?? 'other' };
}
