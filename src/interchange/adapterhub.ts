import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import { adapterConfig, readAdapterConfig } from './adapterhub-config.ts';
import { headConfig, labelsOf, modelClass, readHead } from './adapterhub-head.ts';
import { denseFile, readDenseFile } from './dense-file.ts';
import { numberField, sortedJson, textField } from './fields.ts';
import type { AdapterFormat, FolderFiles } from './format.ts';
import { PLACE, type PortableAdapter, type Weight } from './portable.ts';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter.safetensors';
const PICKLE = 'pytorch_adapter.bin';
const HEAD_CONFIG = 'head_config.json';
const HEAD_WEIGHTS = 'model_head.safetensors';
const HEAD_PICKLE = 'pytorch_model_head.bin';

/** As of 1.1.0 LoRA is scaled by alpha / r; readers go by the version. */
const VERSION = 'adapters.1.1.0';

/** The parts of a bottleneck in the form of the SparseAdapter authors' code, as modules of AdapterHub. */
const normedParts = {
  adapter_layer_norm_before: 'adapter_norm_before',
  down_proj: 'adapter_down.1',
  up_proj: 'adapter_up',
} as const;

const place = (sublayer: string): string =>
  /attention\.output$/.test(sublayer) ? 'ef_attn_adapter' : 'ef_ffn_adapter';

/** AdapterHub's name of a weight, with `*` for the adapter. */
function hubName(name: string): string {
  const normed = /^(.*)\.ef_(?:attn|ffn)_adapter\.\*\.(\w+)\.(weight|bias)$/.exec(name);
  if (normed) {
    const [, sublayer, part, kind] = normed;
    return `${sublayer}.adapters.${PLACE}.${normedParts[part as keyof typeof normedParts]}.${kind}`;
  }
  return name.replace(/\.lora_([AB])\.\*\.weight$/, '.loras.*.lora_$1');
}

/** The name of a weight in the file of an adapter. */
const nameIn = (adapter: string, name: string): string => hubName(name).replace(`.${PLACE}.`, () => `.${adapter}.`);

/** Our name of a weight. @param isNormed whether there is a norm before the bottleneck, as in the authors' form */
function ownName(name: string, isNormed: boolean): string {
  const module = /^(.*)\.adapters\.\*\.(\w+(?:\.\d)?)\.(weight|bias)$/.exec(name);
  if (isNormed && module) {
    const [, sublayer, theirs, kind] = module;
    const [part] = Object.entries(normedParts).find(([, hub]) => hub === theirs) ?? [theirs];
    return `${sublayer}.${place(sublayer)}.${PLACE}.${part}.${kind}`;
  }
  return name.replace(/\.loras\.\*\.lora_([AB])$/, '.lora_$1.*.weight');
}

/** Kinds of adapters that older versions kept in dictionaries of their own. */
const legacy = /\.(attention|layer)_text_(task|lang)_adapters\./;

/** The name with `*` for the adapter. */
function withPlace(name: string, adapter: string): string {
  const current = name.replace(legacy, '.adapters.');
  const containers = ['adapters', 'loras', 'prefix_tunings'];
  return containers.reduce(
    (result, container) => result.replace(`.${container}.${adapter}.`, () => `.${container}.${PLACE}.`),
    current,
  );
}

/** The norm before a bottleneck is in a file twice: by itself and as the first module of `adapter_down`. */
const isSecondNorm = ({ name }: Weight): boolean => /\.adapters\.\*\.adapter_down\.0\.(weight|bias)$/.test(name);
const withSecondNorm = (weight: Weight): Weight[] => {
  const second = weight.name.replace(/\.adapter_norm_before\.(\w+)$/, '.adapter_down.0.$1');
  return second === weight.name ? [weight] : [weight, { ...weight, name: second }];
};

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
    const weights = adapter.adapter
      .map((weight) => ({ ...weight, name: nameIn(name, weight.name) }))
      .flatMap(withSecondNorm);
    return {
      files: {
        [CONFIG]: json({ ...common(adapter), config: adapterConfig(settings, adapter.adapter, config), name }),
        [WEIGHTS]: denseFile(weights),
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
    const stored = readDenseFile(files, WEIGHTS, PICKLE).map((weight) => ({
      ...weight,
      name: withPlace(weight.name, name),
    }));
    const weights = stored
      .filter((weight) => !isNormed || !isSecondNorm(weight))
      .map((weight) => ({ ...weight, name: ownName(weight.name, isNormed) }));
    const { version } = config;
    const { settings, warnings } = readAdapterConfig(label, config.config, { version, hidden, weights });
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
      fileName: (weight) => nameIn(name, weight),
    };
  },
};
