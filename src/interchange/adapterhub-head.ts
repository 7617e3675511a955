import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import {
  architectureOf,
  type HeadKind,
  isEncoderDecoderType,
  type LayeredHead,
  type ModelConfig,
  seq2SeqClasses,
} from '../models/browser.ts';
import { activations } from '../ops/activations.ts';
import { shown } from '../settings/index.ts';
import type { Json } from './fields.ts';
import type { PortableAdapter, Weight } from './portable.ts';

/** The endings of the classes of transformers with a head. */
const classEndings: Partial<Record<HeadKind, string>> = {
  'sequence-classification': 'ForSequenceClassification',
  'token-classification': 'ForTokenClassification',
  'question-answering': 'ForQuestionAnswering',
  'multiple-choice': 'ForMultipleChoice',
  none: 'Model',
  adapterhub: 'AdapterModel',
};

/** The class of transformers that has the same head. @throws InputError where it has none for the architecture */
export function modelClass({ model_type }: Pick<ModelConfig, 'model_type'>, kind: HeadKind): string {
  const isWriter = isEncoderDecoderType(model_type);
  const isOfText = isWriter && (kind === 'none' || !Object.hasOwn(classEndings, kind));
  const ending = isOfText ? (model_type === 'marian' ? 'MTModel' : 'ForConditionalGeneration') : classEndings[kind];
  const start = isWriter ? seq2SeqClasses[model_type] : architectureOf(model_type).classes[0];
  if (!isWriter && architectureOf(model_type).withoutClass?.includes(kind)) {
    throw new InputError(`transformers has no class ${start}${ending}; save it as 'sparse'.`);
  }
  return `${start}${ending ?? classEndings['sequence-classification']}`;
}

/** Class names by number, as `label2id` has them; regression has a single one. */
export const label2id = (labels: readonly string[] | null): Record<string, number> =>
  Object.fromEntries((labels ?? ['LABEL_0']).map((label, i) => [label, i]));

/**
 * The labels of a `label2id`; null for the single one of regression, undefined if there is none.
 *
 * @throws InputError unless the numbers are 0, 1, 2, each once
 */
export function labelsOf(label: string, map: unknown): string[] | null | undefined {
  if (!isJsonObject(map)) return undefined;
  const entries = Object.entries(map).sort(([, a], [, b]) => Number(a) - Number(b));
  const wrong = entries.find(([, number], i) => number !== i);
  if (wrong) {
    throw new InputError(
      `${label}: label2id gives ${shown(wrong[0])} the number ${shown(wrong[1])}; it must number the classes from 0 on, each once.`,
    );
  }
  return entries.length > 1 ? entries.map(([name]) => name) : null;
}

/** The outputs of a head for answers, as transformers names them: the library makes its own head by their number. */
const ofAnswers = ['LABEL_0', 'LABEL_1'];

/** The fields of a `head_config.json` besides those of every configuration: the head of a class of transformers. */
export function headConfig({ labels, headKind }: PortableAdapter): Json {
  const ids = label2id(headKind === 'question-answering' ? ofAnswers : labels);
  return { config: null, label2id: ids, name: null, num_labels: Object.keys(ids).length };
}

/**
 * AdapterHub's own heads that equal one of transformers: `classification` with these layers on the first token, read through the
 * encoder's pooler or not, of a BART on the last one, `tagging` and `question_answering` on every token, `multiple_choice` through the
 * pooler. The numbers count modules, some of which have no weights.
 */
const equalHeads: readonly { readonly is: Json; readonly modules: Readonly<Record<string, string>> }[] = [
  {
    is: { head_type: 'classification', model_type: 'bert', layers: 1, use_pooler: true },
    modules: { 1: 'classifier' },
  },
  {
    is: { head_type: 'classification', model_type: 'bert', layers: 2, use_pooler: false, activation_function: 'tanh' },
    modules: { 1: 'bert.pooler.dense', 4: 'classifier' },
  },
  {
    is: {
      head_type: 'classification',
      model_type: 'roberta',
      layers: 2,
      use_pooler: false,
      activation_function: 'tanh',
    },
    modules: { 1: 'classifier.dense', 4: 'classifier.out_proj' },
  },
  {
    is: { head_type: 'classification', model_type: 'bart', layers: 2, activation_function: 'tanh' },
    modules: { 1: 'classification_head.dense', 4: 'classification_head.out_proj' },
  },
  { is: { head_type: 'multiple_choice', layers: 1, use_pooler: true }, modules: { 1: 'classifier' } },
  { is: { head_type: 'question_answering', layers: 1 }, modules: { 1: 'qa_outputs' } },
  { is: { head_type: 'tagging', layers: 1 }, modules: { 1: 'classifier' } },
];

const MULTI_LABEL = 'multilabel_classification';

/** The heads of flexible models that are read, each with the place of its layers here. */
const layerPlaces: Readonly<Record<string, string>> = {
  classification: 'classifier',
  multilabel_classification: 'classifier',
  tagging: 'classifier',
  multiple_choice: 'classifier',
  question_answering: 'qa_outputs',
};

/** The library's heads on BART that are read. */
const bartTypes = ['classification', 'multilabel_classification', 'question_answering'];

/** The number of a linear layer among the modules of a head: dropout before each, and an activation between two. */
const moduleNumber = (layer: number, { activation }: Pick<LayeredHead, 'activation'>): number =>
  1 + layer * (activation === 'none' ? 2 : 3);

/** A head as it is stored: weights in our names, and its form where it is none of transformers. */
export interface ReadHead {
  readonly weights: readonly Weight[];
  readonly layeredHead?: LayeredHead;
  readonly isMultiLabel?: boolean;
}

/** The form of a head. @throws InputError for one that is not here */
function readLayers(label: string, config: Json): LayeredHead {
  const { layers, activation_function: name = 'tanh', bias = true, use_pooler = false } = config;
  if (!Number.isSafeInteger(layers) || Number(layers) < 1) {
    throw new InputError(
      `${label}: layers must be a whole number above 0, not ${JSON.stringify(layers) ?? 'missing'}.`,
    );
  }
  const known = name === null ? 'none' : String(name).toLowerCase();
  if (known !== 'none' && !Object.hasOwn(activations, known)) {
    throw new InputError(
      `${label}: a head with the activation ${JSON.stringify(name)} is not supported; there are ${Object.keys(activations).join(', ')}.`,
    );
  }
  const activation = known as LayeredHead['activation'];
  return { layers: Number(layers), activation, bias: bias !== false, pooler: use_pooler === true };
}

/**
 * Names of ours for the weights of a head.
 *
 * @param json the content of `head_config.json`
 * @throws InputError for a head that no model here has
 */
export function readHead(label: string, json: Json, weights: readonly Weight[]): ReadHead {
  const { config, name, model_type } = json;
  if (!isJsonObject(config)) return { weights };
  const type = String(config.head_type ?? 'classification');
  if (!Object.hasOwn(layerPlaces, type)) {
    throw new InputError(
      `${label}: a head of the type ${JSON.stringify(type)} is not supported; ${Object.keys(layerPlaces).join(', ')} are.`,
    );
  }
  if (isEncoderDecoderType(model_type) && !bartTypes.includes(type)) {
    throw new InputError(
      `${label}: a head of the type ${JSON.stringify(type)} on ${model_type} is not supported; ${bartTypes.join(', ')} are.`,
    );
  }
  if (type === 'question_answering' && (config.num_labels ?? 2) !== 2) {
    throw new InputError(
      `${label}: a head "${type}" with num_labels ${config.num_labels} is not supported; it has 2, start and end.`,
    );
  }
  const form = readLayers(label, config);
  const isMultiLabel = type === MULTI_LABEL;
  const given: Json = { ...json, ...config, head_type: isMultiLabel ? 'classification' : type };
  const equal = form.bias
    ? equalHeads.find(({ is }) => Object.entries(is).every(([key, value]) => given[key] === value))
    : undefined;
  const modules =
    equal?.modules ??
    Object.fromEntries(
      Array.from({ length: form.layers }, (_, layer) => [moduleNumber(layer, form), `${layerPlaces[type]}.${layer}`]),
    );
  const start = `heads.${name}.`;
  const named = weights.map((weight) => {
    const [, number, part] = /^(\d+)\.(weight|bias)$/.exec(weight.name.slice(start.length)) ?? [];
    if (weight.name.startsWith(start) && Object.hasOwn(modules, number)) {
      return { ...weight, name: `${modules[number]}.${part}` };
    }
    throw new InputError(`${label}: tensor "${weight.name}" is no part of the head "${name}".`);
  });
  return { weights: named, isMultiLabel, ...(!equal && { layeredHead: form }) };
}

/** The types of AdapterHub's own heads, by their kind here. */
const typesByKind: Partial<Record<HeadKind, string>> = {
  'sequence-classification': 'classification',
  'token-classification': 'tagging',
  'question-answering': 'question_answering',
  'multiple-choice': 'multiple_choice',
};

/** The head of a flexible model: the fields of `head_config.json`, and its weights under their names there. */
export function layeredHeadFiles(
  { head, headKind, labels, isMultiLabel, config }: PortableAdapter,
  form: LayeredHead,
  name: string,
): { readonly fields: Json; readonly weights: Weight[] } {
  const isOfText = headKind === 'sequence-classification' || headKind === 'multiple-choice';
  const own = {
    activation_function: form.activation === 'none' ? null : form.activation,
    dropout_prob: null,
    head_type: isMultiLabel ? MULTI_LABEL : typesByKind[headKind],
    label2id: headKind === 'multiple-choice' || !labels ? null : label2id(labels),
    layers: form.layers,
    ...(headKind === 'multiple-choice' ? { num_choices: 2 } : { num_labels: labels?.length ?? (isOfText ? 1 : 2) }),
    ...(isOfText && { use_pooler: form.pooler }),
    ...(headKind === 'sequence-classification' && { bias: form.bias }),
  };
  const weights = head.map((weight) => {
    const [, layer, part] = /^(?:classifier|qa_outputs)\.(\d+)\.(\w+)$/.exec(weight.name) ?? [];
    if (layer === undefined) return weight;
    return { ...weight, name: `heads.${name}.${moduleNumber(Number(layer), form)}.${part}` };
  });
  const model_class = modelClass(config, 'adapterhub');
  return { fields: { config: own, name, model_class }, weights };
}
