import { type AdapterSettings, completeSettings, configOf } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isOff } from '../models/config-json.ts';
import { shown } from '../settings/index.ts';
import { inFile, type Json, refuseFeatures } from './fields.ts';
import { isHeadModule } from './modules.ts';
import { targetModules } from './peft-lora.ts';
import type { PeftMethod } from './peft-method.ts';
import { meantWeights, targetNames } from './peft-targets.ts';
import { PLACE, type Weight } from './portable.ts';

/** A method of PEFT that computes with other weights of linear layers. */
export interface ChangedWeightMethod {
  readonly peftType: string;
  /** Our family. */
  readonly kind: string;
  /** The ends of the names of its tensors in a file: `hada_w1_a`, `oft_R.weight`. */
  readonly tensors: readonly string[];
  /** Further fields of its configuration that are followed or change nothing in a trained adapter. */
  readonly fields: readonly string[];
  /** Fields that ask for another computation, with words for each. */
  readonly features?: Readonly<Record<string, string>>;
  /** Our options; the target modules are the configuration's where they say nothing of them. @throws InputError for what is not supported */
  options(label: string, config: Json, weights: readonly Weight[], modules: readonly string[]): Record<string, unknown>;
  /** The fields of the configuration that express our options. */
  config(settings: AdapterSettings, modules: readonly string[]): Record<string, unknown>;
}

/** Fields that all of them have. */
const commonFields = [
  ...['target_modules', 'exclude_modules', 'layers_to_transform', 'layers_pattern', 'modules_to_save'],
  ...['bias', 'init_weights'],
];

/** The path of the layer of one of the method's tensors, by its name here. */
const layerOf = ({ name }: Weight): string => name.replace(/\.[^.]+\.\*$/, '');

/** The layers of an adapter whose weights are changed, each once. */
const layersOf = (weights: readonly Weight[]): string[] => [
  ...new Set(weights.filter(({ name }) => name.endsWith(`.${PLACE}`)).map(layerOf)),
];

/** Makes the format of such a method. */
export function changedWeightMethod(method: ChangedWeightMethod): PeftMethod {
  const { peftType, kind, tensors, fields, features = {} } = method;
  const prefix = 'base_model.model.';
  /** The name of a tensor here, without what follows in files: `oft_R`. */
  const own = (end: string) => end.replace(/\.weight$/, '');
  return {
    peftType,
    kind,
    prefix,
    warnings: () => [],
    fields: [...commonFields, ...fields, ...Object.keys(features)],

    fileName(name) {
      const end = tensors.find((tensor) => name.endsWith(`.${own(tensor)}.${PLACE}`));
      return prefix + (end === undefined ? name : name.replace(/[^.]+\.\*$/, end));
    },

    ownWeight(weight) {
      const end = tensors.find((tensor) => weight.name.endsWith(`.${tensor}`));
      if (end === undefined || !weight.name.startsWith(prefix)) return null;
      return { ...weight, name: `${weight.name.slice(prefix.length, -end.length)}${own(end)}.${PLACE}` };
    },

    config({ settings, adapter }, modulesToSave) {
      const modules = layersOf(adapter);
      return {
        ...method.config(settings, modules),
        modules_to_save: modulesToSave,
        target_modules: targetModules(configOf(settings).targetModules as readonly string[], modules),
      };
    },

    meant(label, config, weights) {
      refuseFeatures(label, config, features);
      if (!isOff(config.bias) && config.bias !== 'none') {
        throw new InputError(
          `${label}: biases that are trained with ${peftType} (bias ${shown(config.bias)}) are not supported; merge the adapter in Python.`,
        );
      }
      // A layer that training pruned whole has tensors without numbers.
      const kept = weights.filter(({ values }) => values.length > 0);
      return meantWeights(label, config, kept, layersOf(kept));
    },

    settings(label, config, weights) {
      const modules = layersOf(weights);
      const ofHead = modules.find(isHeadModule);
      if (ofHead !== undefined) {
        throw new InputError(
          `${label}: ${peftType} on ${ofHead}, which is of the head, is not supported; merge the adapter in Python.`,
        );
      }
      if (modules.length === 0) {
        throw new InputError(`${label}: the file has no tensor of ${peftType} (${tensors.join(', ')}).`);
      }
      const options = method.options(label, config, weights, modules);
      // What is wrong with a value is said by the family.
      const given = { kind, targetModules: targetNames(config, modules), ...options } as AdapterSettings;
      return inFile(label, () => completeSettings(given));
    },
  };
}
