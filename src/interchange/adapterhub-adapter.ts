import type { AdapterSettings } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import { modelWidth } from '../models/browser.ts';
import { adapterConfig, readAdapterConfig } from './adapterhub-config.ts';
import { modelClass } from './adapterhub-head.ts';
import { firstCopy, hubName, type NameForm, ownName, withCopies, withoutPools } from './adapterhub-names.ts';
import { checkHubName } from './adapterhub-taken.ts';
import { denseFile, readDenseFile } from './dense-file.ts';
import { type Json, numberField, sortedJson, textField } from './fields.ts';
import type { FolderFiles, StoredAdapter } from './format.ts';
import type { MixedAdapter, PortableAdapter, Weight } from './portable.ts';
import { headOfHub } from './stated-head.ts';

export const CONFIG = 'adapter_config.json';
export const WEIGHTS = 'adapter.safetensors';
const PICKLE = 'pytorch_adapter.bin';

/** The version since which LoRA is scaled by alpha / r; readers go by it. */
export const VERSION = 'adapters.1.1.0';

/** Fields of every configuration. */
export const commonFields = ({ config, backbone, headKind }: PortableAdapter) => ({
  hidden_size: modelWidth(config),
  model_class: modelClass(config, headKind),
  model_name: backbone,
  model_type: config.model_type,
  version: VERSION,
});

/** The fields of every configuration on its backbone. */
export const backboneOf = (label: string, config: Readonly<Record<string, unknown>>) => ({
  name: textField(config, 'model_name'),
  modelType: textField(config, 'model_type'),
  hiddenSize: numberField(label, config, 'hidden_size'),
});

/** Python tells whole numbers from others, and the library takes a scale of the other kind alone. */
const json = (fields: Readonly<Record<string, unknown>>): string =>
  sortedJson(fields).replace(/("scaling": \d+)(?=,?$)/gm, '$1.0');

/** Rows of a flat prefix are one list there. */
const isFlatPrefix = (name: string): boolean => name.endsWith('.control_trans');

/** @param length of the prefix */
function withRows(weight: Weight, length: number): Weight {
  const [size] = weight.shape;
  return isFlatPrefix(weight.name) && weight.shape.length === 1 && size % length === 0
    ? { ...weight, shape: [length, size / length] }
    : weight;
}

const multiplied = (weight: Weight, factor: number): Weight =>
  factor === 1 ? weight : { ...weight, values: weight.values.map((value) => value * factor) };

/** The files of one adapter. @throws InputError for what AdapterHub cannot express */
export function adapterFiles(
  whole: PortableAdapter,
  { name, settings, adapter }: MixedAdapter,
): Record<string, Uint8Array | string> {
  checkHubName(name);
  const weights = adapter.map((weight) => ({
    ...weight,
    name: hubName(name, weight.name, whole.config.model_type),
    shape: isFlatPrefix(weight.name) ? [weight.values.length] : weight.shape,
  }));
  return {
    [CONFIG]: json({ ...commonFields(whole), config: adapterConfig(settings, adapter, whole.config), name }),
    [WEIGHTS]: denseFile(withCopies(weights)),
  };
}

/** Returns whether bottlenecks of a `config`, or of a part of it, have a norm before them. */
const hasNorm = ({ ln_before: normed, configs }: Json): boolean =>
  normed === true || (Array.isArray(configs) && configs.filter(isJsonObject).some(hasNorm));

const formOf = ({ kind, form }: AdapterSettings): NameForm =>
  kind === 'ia3' ? 'factors' : form === 'sparse-adapter' ? 'normed' : 'plain';

/** Reads the files of one adapter, without a head. @throws InputError naming a feature that is not supported */
export function readAdapter(files: FolderFiles): StoredAdapter {
  const fields = files.json(CONFIG);
  const label = files.path(CONFIG);
  const { config, version, type } = fields;
  const name = textField(fields, 'name');
  if (name === undefined || !isJsonObject(config)) {
    throw new InputError(`${label} has no name and config of an adapter.`);
  }
  const backbone = backboneOf(label, fields);
  const stored = withoutPools(files.path(WEIGHTS), readDenseFile(files, WEIGHTS, PICKLE)).flatMap((weight, _, all) =>
    firstCopy(weight, all, hasNorm(config)),
  );
  const namedFor = (form: NameForm) => stored.map((weight) => ({ ...weight, name: ownName(name, weight.name, form) }));
  const {
    settings,
    factor = 1,
    warnings,
  } = readAdapterConfig(label, config, {
    version,
    type,
    hidden: backbone.hiddenSize,
    modelType: backbone.modelType,
    weights: namedFor('plain'),
  });
  const named = namedFor(formOf(settings));
  return {
    label: files.label,
    settings,
    weights: named.map((weight) => multiplied(withRows(weight, Number(settings.prefixLength)), factor)),
    mixed: new Map(),
    backbone,
    stated: headOfHub(fields.model_class, undefined),
    warnings,
    fileName: (weight) => hubName(name, weight, backbone.modelType),
  };
}
