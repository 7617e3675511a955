import { InputError } from '../errors.ts';
import { isOfPooler } from '../models/browser.ts';
import { PLACE, type Weight } from './portable.ts';

/** The linear layers that LoRA changes, from the names of its weights, each once. */
export const loraModules = (weights: readonly Weight[]): string[] => [
  ...new Set(weights.flatMap(({ name }) => /^(.*)\.lora_(?:embedding_)?[AB]\./.exec(name)?.[1] ?? [])),
];

const FACTORS = `.ia3_l.${PLACE}`;

/** The linear layers that have factors of (IA)³. */
export const ia3Modules = (weights: readonly Weight[]): string[] =>
  weights.filter(({ name }) => name.endsWith(FACTORS)).map(({ name }) => name.slice(0, -FACTORS.length));

/** Returns whether a layer is the dense one of an encoder's pooler. */
export const isPooler = (module: string): boolean => endsIn(module, 'pooler.dense');

/** Returns whether a layer is of a head, the pooler with it. */
export const isHeadModule = (module: string): boolean =>
  isPooler(module) ||
  /^((classifier|classification_head)(\.dense|\.out_proj)?|qa_outputs|pre_classifier)$/.test(module);

/** Returns whether a tensor in a file of an adapter is of a head, the pooler with it. */
export const isHeadTensor = (name: string): boolean =>
  /(^|\.)(classifier|classification_head|qa_outputs|pre_classifier|sequence_summary|score|heads)\./.test(name) ||
  isOfPooler(name);

/** @throws InputError for a layer of the head, on which the method is not supported */
export function refuseHeadModules(label: string, method: string, modules: readonly string[]): void {
  const ofHead = modules.find(isHeadModule);
  if (ofHead === undefined) return;
  throw new InputError(
    `${label}: ${method} on ${ofHead}, which is of the head, is not supported; leave it out of target_modules.`,
  );
}

/** Returns whether a layer's path ends in a name, as PEFT matches `target_modules`. */
export const endsIn = (module: string, name: string): boolean => `.${module}`.endsWith(`.${name}`);

/** The path of a layer inside its encoder layer: `attention.self.query`. */
export const kindOf = (module: string): string => module.replace(/^.*\.\d+\./, '');
