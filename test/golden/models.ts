import { dirname, join } from 'node:path';
import {
  type AdaptableModel,
  type Adapter,
  AdapterSet,
  type AdapterSettings,
  fusion,
  houlsby,
  lora,
  mam,
  parallel,
  pfeiffer,
  prefix,
} from '../../src/adapters/index.ts';
import type { ActivationName, Tensor } from '../../src/index.ts';
import { Random } from '../../src/index.ts';
import { openCheckpoint, openSafetensors, TensorSource } from '../../src/io/index.ts';
import {
  type EncoderConfig,
  encoderNames,
  type PackedBatch,
  parseEncoderConfig,
  parseEncoderDecoderConfig,
  Seq2SeqModel,
  SequenceClassifier,
  seq2SeqNames,
} from '../../src/models/index.ts';
import { type Parameter, ParameterPath } from '../../src/nn/index.ts';
import { readJson } from './framework.ts';

interface PrefixSpec {
  readonly flat?: boolean;
  readonly prefix_length?: number;
  readonly bottleneck_size?: number;
}

export interface AdapterSpec extends PrefixSpec {
  readonly method: string;
  readonly naming?: 'sparseadapter';
  readonly name?: string;
  readonly r?: number;
  readonly non_linearity?: ActivationName;
  readonly scaling?: number | 'learned';
  readonly lora_alpha?: number;
  readonly target_modules?: readonly string[];
  /** The prefix of a Mix-And-Match adapter. */
  readonly prefix?: PrefixSpec;
  /** The adapters that are fused. */
  readonly names?: readonly string[];
}

/** A batch as Hugging Face takes it, with labels. */
export interface LabelledBatch {
  readonly input_ids: number[][];
  readonly attention_mask?: number[][];
  readonly token_type_ids?: number[][];
  readonly labels: number[];
}

/** The parameter tree of a golden model folder and the tensors of it that no parameter took. */
export function openModel(folder: string): { config: EncoderConfig; root: ParameterPath; source: TensorSource } {
  const config = parseEncoderConfig(readJson(folder, 'config.json'));
  const source = new TensorSource(openCheckpoint(folder), encoderNames(config));
  return { config, root: ParameterPath.root(new Random(0), source), source };
}

/** An encoder-decoder in a golden model folder. @throws Error if the folder holds a tensor that the model does not use */
export function openBart(folder: string, file = 'config.json'): Seq2SeqModel {
  const config = parseEncoderDecoderConfig(readJson(folder, file));
  const source = new TensorSource(openCheckpoint(folder), seq2SeqNames(config));
  const model = new Seq2SeqModel(ParameterPath.root(new Random(0), source), config);
  const ignored = source.ignored();
  if (ignored.length > 0) throw new Error(`${folder}: the model does not use ${ignored.join(', ')}`);
  return model;
}

/** The labels of a classification head; null for the single output of a regression. */
export const labelsOf = ({ labels }: EncoderConfig): readonly string[] | null =>
  labels && labels.length > 1 ? labels : null;

export interface AdaptedClassifier {
  readonly model: SequenceClassifier;
  readonly adapter: Adapter;
  /** Those of the adapter and of the adapters that it mixes. */
  readonly parameters: readonly Parameter[];
}

/** The settings of an adapter case. */
function settingsOf(spec: AdapterSpec): AdapterSettings {
  const bottleneck = {
    bottleneck: spec.r,
    activation: spec.non_linearity,
    scale: spec.scaling,
  };
  const prefixes = ({ prefix_length, bottleneck_size, flat }: PrefixSpec) => ({
    prefixLength: prefix_length,
    prefixBottleneck: bottleneck_size,
    prefixFlat: flat,
  });
  switch (spec.method) {
    case 'houlsby': {
      const form = spec.naming === 'sparseadapter' ? 'sparse-adapter' : 'adapterhub';
      return houlsby.configure({ ...bottleneck, form, dropout: 0 });
    }
    case 'pfeiffer':
      return pfeiffer.configure(bottleneck);
    case 'parallel':
      return parallel.configure(bottleneck);
    case 'lora':
      return lora.configure({ rank: spec.r, alpha: spec.lora_alpha, targetModules: spec.target_modules });
    case 'prefix':
      return prefix.configure(prefixes(spec));
    case 'mam':
      return mam.configure({ ...bottleneck, ...prefixes(spec.prefix ?? {}) });
    case 'fusion':
      return fusion.configure({ adapters: spec.names });
    default:
      throw new Error(`Unknown adapter method ${spec.method}`);
  }
}

/** The name of a parameter in the golden files: those of PEFT, of prefixes and of the authors' code lack the adapter's name. */
export function storedName({ naming, method }: AdapterSpec, { name }: Parameter): string {
  if (naming === 'sparseadapter') return name.replace(/(ef_(?:attn|ffn)_adapter)\.default/, '$1');
  if (method === 'lora') return name.replace(/^(.*\.lora_[AB])\.default\./, 'base_model.model.$1.');
  return name.replace(/^.*\.prefix_tuning\.prefix_tunings\..*\.self_prefix\./, 'prefix.');
}

/** The classifier of a golden model folder with the stored adapter, masked where the file has masks. */
export function adaptedClassifier(modelFolder: string, adapterFile: string, spec: AdapterSpec): AdaptedClassifier {
  const { config, root } = openModel(modelFolder);
  const model = new SequenceClassifier(root, config, { labels: labelsOf(config) });
  return { model, ...storedAdapter(model, adapterFile, spec) };
}

/** Attaches the adapter of a golden file, with those that it mixes. */
export function storedAdapter(
  model: AdaptableModel,
  adapterFile: string,
  spec: AdapterSpec,
): Pick<AdaptedClassifier, 'adapter' | 'parameters'> {
  const adapters = new AdapterSet(model);
  for (const name of spec.names ?? []) adapters.add(name, settingsOf({ ...spec, method: 'pfeiffer' }));
  const adapter = adapters.add(spec.name ?? spec.names?.join() ?? 'default', settingsOf(spec));
  adapters.activate(adapter.name);
  const parameters = adapters.parameters();
  const stored = openSafetensors(adapterFile);
  const maskOf = (name: string) => (stored.has(`mask/${name}`) ? stored.readFloat32(`mask/${name}`) : null);
  const names = new Map(parameters.map((parameter) => [parameter, storedName(spec, parameter)]));
  for (const [parameter, name] of names) {
    parameter.load(stored.readFloat32(name), maskOf(name));
    parameter.fixMask();
  }
  const known = new Set(names.values());
  const extra = stored.names().find((name) => !known.has(name.replace(/^mask\//, '')));
  if (extra)
    throw new Error(`${adapterFile}: tensor ${extra} belongs to no parameter of ${join(dirname(adapterFile), '.')}`);
  return { adapter, parameters };
}

/** Rows of a packed batch [rows, n] back in the places of the padded one [sequences, columns, n]. */
export function unpack(rows: Tensor, { offsets, columns }: PackedBatch): Float64Array {
  const values = rows.dataSync();
  const sequences = offsets.length - 1;
  const length = columns.length / sequences;
  const width = values.length / columns.length;
  const padded = new Float64Array(values.length);
  for (let s = 0; s < sequences; s++) {
    for (let row = offsets[s]; row < offsets[s + 1]; row++) {
      padded.set(values.subarray(row * width, (row + 1) * width), (s * length + columns[row]) * width);
    }
  }
  return padded;
}
