import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import { adapterConfig, readAdapterConfig } from './adapterhub-config.ts';
import { headConfig, labelsOf, modelClass, readHead } from './adapterhub-head.ts';
import { hubName, isSecondNorm, ownName, withSecondNorms } from './adapterhub-names.ts';
import { denseFile, readDenseFile } from './dense-file.ts';
import { numberField, sortedJson, textField } from './fields.ts';
import type { AdapterFormat, FolderFiles } from './format.ts';
import type { PortableAdapter, Weight } from './portable.ts';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter.safetensors';
const PICKLE = 'pytorch_adapter.bin';
const HEAD_CONFIG = 'head_config.json';
const HEAD_WEIGHTS = 'model_head.safetensors';
const HEAD_PICKLE = 'pytorch_model_head.bin';

/** As of 1.1.0 LoRA is scaled by alpha / r; readers go by the version. */
const VERSION = 'adapters.1.1.0';

/** Rows of a flat prefix are one list there. */
const isFlatPrefix = (name: string): boolean => name.endsWith('.control_trans');

/** @param length of the prefix */
function withRows(weight: Weight, length: number): Weight {
  const [size] = weight.shape;
  return isFlatPrefix(weight.name) && weight.shape.length === 1 && size % length === 0
    ? { ...weight, shape: [length, size / length] }
    : weight;
}

/** Fields of every configuration. */
const common = ({ config, backbone, head }: PortableAdapter) => ({
  hidden_size: config.hidden_size,
  model_class: modelClass(config, head),
  model_name: backbone,
  model_type: config.model_type,
  version: VERSION,
});

/** Python tells whole numbers from others, and the library takes a scale of the other kind alone. */
const json = (fields: Readonly<Record<string, unknown>>): string =>
  sortedJson(fields).replace(/("scaling": \d+)(?=,?$)/gm, '$1.0');

function readHeadFiles(files: FolderFiles): { weights: Weight[]; labels?: readonly string[] | null } {
  if (!files.has(HEAD_CONFIG)) return { weights: [] };
  const config = files.json(HEAD_CONFIG);
  const weights = readDenseFile(files, HEAD_WEIGHTS, HEAD_PICKLE);
  const own = isJsonObject(config.config) ? config.config.label2id : undefined;
  return { weights: readHead(files.path(HEAD_CONFIG), config, weights), labels: labelsOf(own ?? config.label2id) };
}

/**
 * The folders of AdapterHub's library `adapters`: `adapter_config.json` with `adapter.safetensors`, and the task head in
 * `head_config.json` with `model_head.safetensors`. The head is that of a class of transformers, which the library also gives to its
 * own flexible models.
 */
export const adapterhub: AdapterFormat = {
  kind: 'adapterhub',
  fileNames: [CONFIG, WEIGHTS, HEAD_CONFIG, HEAD_WEIGHTS],
  isOwn: (config) => isJsonObject(config.config),

  write(adapter, name) {
    const { settings, config, head } = adapter;
    const weights = adapter.adapter.map((weight) => ({
      ...weight,
      name: hubName(name, weight.name),
      shape: isFlatPrefix(weight.name) ? [weight.values.length] : weight.shape,
    }));
    return {
      files: {
        [CONFIG]: json({ ...common(adapter), config: adapterConfig(settings, adapter.adapter, config), name }),
        [WEIGHTS]: denseFile(withSecondNorms(weights)),
        [HEAD_CONFIG]: json({ ...common(adapter), ...headConfig(adapter) }),
        [HEAD_WEIGHTS]: denseFile(head),
      },
      warnings: [],
    };
  },

  read(files, config) {
    const label = files.path(CONFIG);
    const name = textField(config, 'name');
    if (name === undefined || !isJsonObject(config.config)) {
      throw new InputError(`${label} has no name and config of an adapter.`);
    }
    const hidden = numberField(label, config, 'hidden_size');
    const isNormed = config.config.ln_before === true;
    const named = readDenseFile(files, WEIGHTS, PICKLE)
      .filter((weight) => !isNormed || !isSecondNorm(weight.name))
      .map((weight) => ({ ...weight, name: ownName(name, weight.name, isNormed) }));
    const { version } = config;
    const { settings, warnings } = readAdapterConfig(label, config.config, { version, hidden, weights: named });
    const weights = named.map((weight) => withRows(weight, Number(settings.prefixLength)));
    const head = readHeadFiles(files);
    return {
      label: files.label,
      settings,
      weights: [...weights, ...head.weights],
      backbone: {
        name: textField(config, 'model_name'),
        modelType: textField(config, 'model_type'),
        hiddenSize: hidden,
      },
      labels: head.labels,
      warnings,
      fileName: (weight) => hubName(name, weight),
    };
  },
};
