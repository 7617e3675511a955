import { configOf, fusion } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import { adapterFiles, backboneOf, CONFIG, commonFields, readAdapter } from './adapterhub-adapter.ts';
import { isParallel, wiringText } from './adapterhub-bottleneck.ts';
import { hubName, ownName } from './adapterhub-names.ts';
import { denseFile, readDenseFile } from './dense-file.ts';
import { inFile, numberField, sortedJson, textField } from './fields.ts';
import type { FolderFiles, StoredAdapter } from './format.ts';
import type { PortableAdapter, Weight } from './portable.ts';
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
  checkMembers(
    'AdapterHub',
    whole.mixed.map(({ settings, name: label }) => ({ settings, label })),
  );
  const { regularization, dropout } = configOf(whole.settings);
  const config = {
    ...computation,
    dropout_prob: dropout,
    regularization: Number(regularization) > 0,
    value_initialized: true,
  };
  const weights = whole.adapter.map((weight) => ({
    ...weight,
    name: hubName(name, weight.name, whole.config.model_type),
  }));
  const folders = whole.mixed.flatMap((mixed) =>
    Object.entries(adapterFiles(whole, mixed)).map(([file, content]) => [`${mixed.name}/${file}`, content]),
  );
  return {
    [FUSION_CONFIG]: sortedJson({ ...commonFields(whole), config, name }),
    [FUSION_WEIGHTS]: denseFile(weights),
    ...Object.fromEntries(folders),
  };
}

/** @throws InputError naming the adapter if the folder lacks it, and as {@link readAdapter} */
function readMember(label: string, files: FolderFiles, name: string): StoredAdapter {
  // The library itself saves the folders of members beside that of the fusion.
  const folder = [files.folder(name), files.folder(`../${name}`)].find((place) => place.has(CONFIG));
  if (folder) return readAdapter(folder);
  throw new InputError(
    `${label}: the fusion mixes an adapter "${name}", and there is no ${files.folder(name).path(CONFIG)}; save the adapter there (save_adapter).`,
  );
}

type Member = Pick<StoredAdapter, 'settings' | 'label'>;

/** The layers that an adapter leaves out. */
const leftOutBy = ({ settings }: Member): string => String(settings.leaveOut ?? []);

/**
 * Checks that the library computes the same fusion of adapters as this package.
 *
 * @throws InputError for adapters of several kinds, in different layers, and for parallel ones, with which the library adds the input twice
 */
function checkMembers(label: string, members: readonly Member[]): void {
  const kinds = [...new Set(members.map(({ settings: { kind, form = '' } }) => `${kind} ${form}`.trim()))];
  if (kinds.length > 1) {
    throw new InputError(
      `${label}: a fusion of adapters of several kinds (${kinds.join(', ')}) is not supported; fuse adapters of one kind.`,
    );
  }
  const places = new Set(members.map(({ settings }) => wiringText(settings)));
  if (places.size > 1) {
    throw new InputError(
      `${label}: a fusion of bottlenecks that differ in what they read and add to is not supported, as AdapterHub takes both from the last one.`,
    );
  }
  const [{ settings }] = members;
  if (isParallel(settings)) {
    throw new InputError(
      `${label}: a fusion of parallel adapters is not supported, as AdapterHub adds the input of the layer twice there; fuse adapters of the kind pfeiffer or houlsby.`,
    );
  }
  const other = members.find((member) => leftOutBy(member) !== leftOutBy(members[0]));
  if (other) {
    throw new InputError(
      `${label}: the fusion mixes adapters that leave out different layers (leave_out of ${other.label}), which is not supported.`,
    );
  }
}

/** Returns whether a tensor of a fusion is at a place where its members have bottlenecks: the library saves others, which compute nothing. */
function isBetween(members: readonly StoredAdapter[], { name }: Weight): boolean {
  const [, place] = /^(.*\.)adapter_fusion_layer\./.exec(name) ?? [];
  if (place === undefined) return true;
  return members.some(({ weights }) => weights.some((weight) => weight.name.startsWith(place)));
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
  const mixed = new Map(names.map((adapter) => [adapter, readMember(label, files, adapter)]));
  const members = [...mixed.values()];
  checkMembers(label, members);
  return {
    label: files.label,
    settings: inFile(label, () =>
      fusion.configure({
        adapters: names,
        regularization: config.regularization === false ? 0 : FACTOR,
        ...(config.dropout_prob === null ? {} : { dropout: numberField(label, config, 'dropout_prob') }),
      }),
    ),
    weights: readDenseFile(files, FUSION_WEIGHTS, PICKLE)
      .filter((weight) => isBetween(members, weight))
      .map((weight) => ({ ...weight, name: ownName(name, weight.name, 'plain') })),
    mixed,
    backbone: backboneOf(label, fields),
    stated: headOfHub(fields.model_class, undefined),
    warnings: members.flatMap(({ warnings }) => warnings),
    fileName: (weight) => hubName(name, weight),
  };
}
