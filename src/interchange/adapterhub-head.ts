import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import type { HeadKind, ModelConfig } from '../models/index.ts';
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
};

/** The class of transformers that has the same head. */
export function modelClass({ model_type }: Pick<ModelConfig, 'model_type'>, kind: HeadKind): string {
  if (model_type === 'bart') return 'BartForConditionalGeneration';
  return `${{ bert: 'Bert', roberta: 'Roberta' }[model_type]}${classEndings[kind] ?? classEndings['sequence-classification']}`;
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

/** The fields of a `head_config.json` besides those of every configuration: the head of a class of transformers. */
export const headConfig = ({ labels }: PortableAdapter): Json => ({
  config: null,
  label2id: label2id(labels),
  name: null,
  num_labels: labels?.length ?? 1,
});

/**
 * AdapterHub's own heads that equal one of transformers: `classification` with these layers on the first token, read through the
 * encoder's pooler or not, `tagging` and `question_answering` on every token. The numbers count modules, some of which have no weights.
 */
const flexibleHeads = [
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
  ...(['bert', 'roberta'] as const).map((model_type) => ({
    is: { head_type: 'question_answering', model_type, layers: 1 },
    modules: { 1: 'qa_outputs' },
  })),
  ...(['bert', 'roberta'] as const).map((model_type) => ({
    is: { head_type: 'tagging', model_type, layers: 1 },
    modules: { 1: 'classifier' },
  })),
] as const;

/**
 * Names of ours for the weights of a head.
 *
 * @param json the content of `head_config.json`
 * @throws InputError for a head that no model here has
 */
export function readHead(label: string, json: Json, weights: readonly Weight[]): Weight[] {
  const { config, name, model_type } = json;
  if (!isJsonObject(config)) return [...weights];
  const { head_type: type = 'classification', layers, activation_function: activation } = config;
  const given: Json = { model_type, head_type: 'classification', ...config };
  const head = flexibleHeads.find(({ is }) => Object.entries(is).every(([key, value]) => given[key] === value));
  if (!Object.values(flexibleHeads).some(({ is }) => is.head_type === type)) {
    throw new InputError(
      `${label}: a head of the type ${JSON.stringify(type)} is not supported; classification, tagging and question_answering are.`,
    );
  }
  if (!head) {
    throw new InputError(
      `${label}: a head "${type}" with layers ${layers}, ${activation} and use_pooler ${config.use_pooler} for ${model_type} is not supported; train a head of transformers' ${model_type} class.`,
    );
  }
  if (config.bias === false) throw new InputError(`${label}: a head without bias (bias false) is not supported.`);
  const modules: Readonly<Record<string, string>> = head.modules;
  const start = `heads.${name}.`;
  return weights.map((weight) => {
    const [, number, part] = /^(\d+)\.(weight|bias)$/.exec(weight.name.slice(start.length)) ?? [];
    if (weight.name.startsWith(start) && Object.hasOwn(modules, number)) {
      return { ...weight, name: `${modules[number]}.${part}` };
    }
    throw new InputError(`${label}: tensor "${weight.name}" is no part of the head "${name}".`);
  });
}
