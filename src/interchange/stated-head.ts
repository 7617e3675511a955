import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import { type HeadKind, headOfClass } from '../models/browser.ts';
import { printable, shown } from '../settings/index.ts';
import type { StatedHead } from './format.ts';

const taskTypes: Readonly<Record<string, HeadKind>> = {
  SEQ_CLS: 'sequence-classification',
  TOKEN_CLS: 'token-classification',
  QUESTION_ANS: 'question-answering',
  SEQ_2_SEQ_LM: 'text-generation',
  CAUSAL_LM: 'language-model',
  FEATURE_EXTRACTION: 'none',
};

/** Reads PEFT's `task_type`, else the class that it adapted. @throws InputError for a task that PEFT does not have */
export function headOfTask(
  label: string,
  { task_type: task, auto_mapping }: Readonly<Record<string, unknown>>,
): StatedHead {
  if (task === undefined || task === null) {
    const adapted = isJsonObject(auto_mapping) ? auto_mapping.base_model_class : undefined;
    if (typeof adapted === 'string')
      return { kind: headOfClass(adapted), by: `base_model_class ${printable(adapted)}` };
    return { kind: 'unstated', by: 'no task_type' };
  }
  if (typeof task === 'string' && Object.hasOwn(taskTypes, task))
    return { kind: taskTypes[task], by: `task_type ${task}` };
  throw new InputError(
    `${printable(label)}: task_type ${shown(task)} is not supported; there are ${Object.keys(taskTypes).join(', ')}.`,
  );
}

/** AdapterHub's own kinds of heads. */
const headTypes: Readonly<Record<string, HeadKind>> = {
  classification: 'sequence-classification',
  multilabel_classification: 'sequence-classification',
  tagging: 'token-classification',
  multiple_choice: 'multiple-choice',
  question_answering: 'question-answering',
  seq2seq_lm: 'text-generation',
  masked_lm: 'language-model',
  causal_lm: 'language-model',
};

/** Reads what AdapterHub says of a head: its `head_type`, else the class of transformers that it belongs to. */
export function headOfHub(modelClass: unknown, type: unknown): StatedHead {
  if (typeof type === 'string') {
    return { kind: Object.hasOwn(headTypes, type) ? headTypes[type] : 'other', by: `head_type ${printable(type)}` };
  }
  if (typeof modelClass !== 'string') return { kind: 'unstated', by: 'no model_class' };
  return { kind: headOfClass(modelClass), by: `model_class ${printable(modelClass)}` };
}
