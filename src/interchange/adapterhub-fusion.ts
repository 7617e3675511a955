import { configOf, fusion } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import { adapterFiles, backboneOf, commonFields, readAdapter } from './adapterhub-adapter.ts';
import { hubName, ownName } from './adapterhub-names.ts';
import { denseFile, readDenseFile } from './dense-file.ts';
import { inFile, numberField, sortedJson, textField } from './fields.ts';
import type { FolderFiles, StoredAdapter } from './format.ts';
import type { PortableAdapter } from './portable.ts';
import { headOfHub } from './stated-head.ts';

export const FUSION_CONFIG = 'adapter_fusion_config.json';
export const FUSION_WEIGHTS = 'model_adapter_fusion.safetensors';
const PICKLE = 'pytorch_model_adapter_fusion.bin';

/** The fields of AdapterHub's `DynamicAdapterFusionConfig` that decide what is computed. */
const computation = {
  key: true,
  query: true,
  query_before_ln: false,
  residual_before: false,
  temperature: false,
  value: true,
  value_before_softmax: true,
};

/** The factor of the regularization where it is on; the library has no other. */
const FACTOR = 0.01;

/** The files of a fusion, and those of each adapter that it mixes in a folder of its name. */
export function fusionFiles(whole: PortableAdapter): Record<string, Uint8Array | string> {
  const name = whole.mixed.map((mixed) => mixed.name).join(',');
  const { regularization, dropout } = configOf(whole.settings);
  const config = {
    ...computation,
    dropout_prob: dropout,
    regularization: Number(regularization) > 0,
    value_initialized: true,
  };
  const weights = whole.adapter.map((weight) => ({ ...weight, name: hubName(name, weight.name) }));
  const folders = whole.mixed.flatMap((mixed) =>
    Object.entries(adapterFiles(whole, mixed)).map(([file, content]) => [`${mixed.name}/${file}`, content]),
  );
  return {
    [FUSION_CONFIG]: sortedJson({ ...commonFields(whole), config, name }),
    [FUSION_WEIGHTS]: denseFile(weights),
    ...Object.fromEntries(folders),
  };
}

/** Reads a fusion with the adapters that it mixes, without a head. @throws InputError if one is missing or it computes otherwise */
export function readFusion(files: FolderFiles): StoredAdapter {
  const fields = files.json(FUSION_CONFIG);
  const label = files.path(FUSION_CONFIG);
  const name = textField(fields, 'name');
  const { config } = fields;
  if (name === undefined || !isJsonObject(config)) {
    throw new InputError(`${label} has no name and config of a fusion.`);
  }
  const other = Object.entries(computation).find(([key, value]) => config[key] !== value);
  if (other) throw new InputError(`${label}: a fusion with ${other[0]} ${config[other[0]]} is not supported.`);
  const names = name.split(',');
  const mixed = new Map(names.map((adapter) => [adapter, readAdapter(files.folder(adapter))]));
  return {
    label: files.label,
    settings: inFile(label, () =>
      fusion.configure({
        adapters: names,
        regularization: config.regularization === false ? 0 : FACTOR,
        ...(config.dropout_prob === null ? {} : { dropout: numberField(label, config, 'dropout_prob') }),
      }),
    ),
    weights: readDenseFile(files, FUSION_WEIGHTS, PICKLE).map((weight) => ({
      ...weight,
      name: ownName(name, weight.name, false),
    })),
    mixed,
    backbone: backboneOf(label, fields),
    stated: headOfHub(fields.model_class, undefined),
    warnings: [...mixed.values()].flatMap(({ warnings }) => warnings),
    fileName: (weight) => hubName(name, weight),
  };
}
