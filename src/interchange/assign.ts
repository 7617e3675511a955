import type { AdaptableModel, Adapter } from '../adapters/index.ts';
import type { Shape } from '../backends/backend.ts';
import { InputError } from '../errors.ts';
import {
  type HeadKind,
  headTitles,
  isHeadParameter,
  isOfPooler,
  isPoolerWeight,
  isTokenTable,
  type LayeredHead,
  type ModelConfig,
  modelWidth,
} from '../models/browser.ts';
import type { Parameter } from '../nn/index.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import type { StoredAdapter } from './format.ts';
import { headChange } from './head-lora.ts';
import { isHeadTensor } from './modules.ts';
import { PLACE, portableName, type Weight } from './portable.ts';

/** A model that adapters attach to, and what it is. */
export type ConfiguredModel = AdaptableModel & {
  readonly config: ModelConfig;
  /** Class names in the order of the outputs, if it has any. */
  readonly labels?: readonly string[] | null;
  /** The kind of its head, if it has one. */
  readonly headKind?: HeadKind;
  /** The form of its head, where it is none of transformers. */
  readonly layeredHead?: LayeredHead;
  /** Tensors that nothing trains. */
  readonly constants?: readonly Parameter[];
};

/**
 * Sets the adapter of a model, and the model's head, to the weights of a folder. All are checked before the first one is changed.
 *
 * A matrix that pruning may remove weights from gets a mask where it is 0, if the file says that it was pruned or if it says nothing
 * and has zeros among other numbers.
 *
 * @param options.head false leaves the head as it is. Default true.
 * @returns whether the folder had a head
 * @throws InputError naming the tensor that is missing, superfluous or misshapen, as in an adapter of another backbone
 */
export function assignStored(
  model: ConfiguredModel,
  adapter: Adapter,
  read: StoredAdapter,
  { head = true }: { readonly head?: boolean } = {},
): boolean {
  checkBackbone(model.config, read);
  if (head) checkHead(model, read);
  const change = headChange(model, read);
  const stored = change?.stored ?? read;
  const bringsPooler = head && stored.weights.some(({ name }) => isPoolerWeight(name));
  const trained = new Set(adapter.parameters.map(({ name }) => portableName(name, adapter.name)));
  const places = new Map<string, Parameter>([
    ...adapter.parameters.map((parameter) => [portableName(parameter.name, adapter.name), parameter] as const),
    ...model
      .parameters()
      .filter((parameter) => isHeadParameter(parameter) || (bringsPooler && isOfPooler(parameter.name)))
      .map((parameter) => [parameter.name, parameter] as const),
  ]);
  const { path } = model.points;
  const weights = new Map<string, Weight>();
  for (const weight of stored.weights) {
    const name = [weight.name, `${path}.${weight.name}`].find((spelling) => places.has(spelling));
    if (name === undefined) {
      if (!head && isOfHead(weight)) continue;
      throw superfluous(stored, weight);
    }
    if (weights.has(name)) {
      throw new InputError(`${stored.label}: "${stored.fileName(weight.name)}" is there twice, under two names.`);
    }
    weights.set(name, weight);
  }
  const ofAdapter = (name: string) => trained.has(name);
  const storesHead = head && [...weights.keys()].some((name) => !ofAdapter(name));
  const hasHead = head && (change !== null || storesHead);
  // What LoRA changes is the model's own where the folder does not have it.
  const isNeeded = (name: string) => !change?.changes(name) || weights.has(name);
  const needed = [...places].filter(([name]) => ofAdapter(name) || (storesHead && isNeeded(name)));
  const fitting = needed.map(([name, parameter]) => ({
    parameter,
    weight: checkedFit(stored, name, parameter, weights),
  }));
  for (const { parameter, weight } of fitting) {
    const { values, kept } = weight;
    parameter.load(values, kept ?? maskOf(weight, adapter.prunable.includes(parameter)));
    parameter.fixMask();
  }
  if (hasHead) change?.apply();
  return hasHead;
}

/**
 * Checks the parameters of an adapter before they are made: sizes in a configuration may be far from those of its weights.
 *
 * @param adapter its name in the model
 * @throws InputError for an adapter of another backbone, and naming a tensor that has another shape
 */
export function checkShapes(
  { config, points: { path } }: ConfiguredModel,
  adapter: string,
  parameters: readonly Parameter[],
  stored: StoredAdapter,
): void {
  checkBackbone(config, stored);
  const weights = new Map(stored.weights.map((weight) => [weight.name, weight]));
  for (const parameter of parameters) {
    const name = portableName(parameter.name, adapter);
    const weight = weights.get(name) ?? weights.get(name.slice(path.length + 1));
    if (weight) checkedFit(stored, name, parameter, new Map([[name, weight]]));
  }
}

const isOfHead = ({ name }: Weight): boolean => isHeadTensor(name);

function checkBackbone(config: ModelConfig, { label, backbone }: StoredAdapter): void {
  const width = modelWidth(config);
  const { modelType = config.model_type, hiddenSize = width } = backbone;
  if (modelType === config.model_type && hiddenSize === width) return;
  throw new InputError(
    `${label} is an adapter for ${modelType} with ${hiddenSize} hidden units, the model is ${config.model_type} with ${width}; use the backbone that it was trained on.`,
  );
}

/** Returns whether the names are the same in another order, so that every output would have the name of another one. */
const isReordered = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((name) => other.includes(name)) && one.some((name, i) => name !== other[i]);

const formText = ({ layers, activation, bias, pooler }: LayeredHead): string =>
  `a head of AdapterHub's (layers ${layers}, activation ${activation}, bias ${bias}, use_pooler ${pooler})`;

const outputsText = (labels: readonly string[] | null): string =>
  labels === null ? 'one number' : `the ${labels.length} classes ${labels.join(', ')}`;

/** @throws InputError if the folder brings a head for something else than the model is for, or for its classes in another order */
function checkHead(model: ConfiguredModel, { label, stated, weights, labels, layeredHead }: StoredAdapter): void {
  if (!weights.some(isOfHead)) return;
  const forms = [layeredHead, model.layeredHead].map((form) => (form ? formText(form) : "a head of transformers'"));
  const isOfKind = stated.kind === model.headKind || stated.kind === 'unstated' || stated.kind === 'adapterhub';
  if (isOfKind && forms[0] !== forms[1]) {
    throw new InputError(
      `${label}: it has ${forms[0]}, the model ${forms[1]}; load the folder as a model of its own, or without its head.`,
    );
  }
  const [ofHead, ofModel] = [labels, model.labels].map((names) => names?.length ?? 1);
  if (isOfKind && labels !== undefined && model.labels !== undefined && ofHead !== ofModel) {
    throw new InputError(
      `${label}: its head has ${outputsText(labels)}, the model ${outputsText(model.labels)}; give the model the classes of the head.`,
    );
  }
  if (labels && model.labels && isReordered(labels, model.labels)) {
    throw new InputError(
      `${label}: its head has the classes in the order ${labels.join(', ')}, the model in the order ${model.labels.join(', ')}; give the model its labels in the order of the head.`,
    );
  }
  const { headKind: own = 'none' } = model;
  if (['unstated', 'none', 'adapterhub', own].includes(stated.kind)) return;
  throw new InputError(
    `${label}: by its ${stated.by} it has ${headTitles[stated.kind]}, the model has ${headTitles[own]}; load it without its head, or use a model of that kind.`,
  );
}

/** Returns whether a name is one of an adapter's, be it of another adapter or kind. */
const isOfSomeAdapter = (name: string): boolean =>
  name.includes(PLACE) || /\.(adapters|loras|lora_\w+|prefix_tunings|adapter_fusion_layer)\./.test(name);

/** Returns the error for a tensor that belongs to no parameter. */
function superfluous({ label, fileName }: StoredAdapter, { name }: Weight): InputError {
  const tensor = `${label}: tensor "${fileName(name)}"`;
  if (/(^|\.)embeddings\.LayerNorm\./.test(name)) {
    return new InputError(
      `${tensor} is of the norm of the embeddings, trained whole (modules_to_save), which this kind of adapter does not hold here; merge the adapter in Python.`,
    );
  }
  if (/(^|\.)(embeddings|embed_tokens|embed_positions|shared)\./.test(name)) {
    return new InputError(`${tensor} is of trained embeddings, which are not supported; merge the adapter in Python.`);
  }
  if (/\.lora_[AB]\.(?!\*\.)/.test(name) || /\.modules_to_save\./.test(name)) {
    return new InputError(
      `${tensor} has the name of the adapter in it, as files of PEFT have not; save it with save_pretrained.`,
    );
  }
  if (/(^|\.)(layer|layers)\.\d+\./.test(name) && !isOfSomeAdapter(name)) {
    return new InputError(
      `${tensor} is of a layer of the backbone that was trained whole, which is not supported; merge the adapter in Python.`,
    );
  }
  return new InputError(
    `${tensor} belongs to no parameter of this adapter and head; is it of another backbone or head?`,
  );
}

/** The weight of a parameter. @throws InputError if it is missing or has another shape */
function checkedFit(
  { label, fileName }: StoredAdapter,
  name: string,
  { shape }: Parameter,
  weights: ReadonlyMap<string, Weight>,
): Weight {
  const weight = weights.get(name);
  if (!weight) {
    if (isOfPooler(name)) {
      throw new InputError(
        `${label}: the head reads the pooler ("${fileName(name)}"), which neither this folder nor the backbone has; use a backbone with a pooler, or save it with the adapter.`,
      );
    }
    if (isHeadTensor(name) && [...weights.keys()].some(isHeadTensor)) {
      throw new InputError(
        `${label}: its head was saved in part, there is no tensor "${fileName(name)}"; train the head whole (modules_to_save), or merge the adapter in Python.`,
      );
    }
    const part = isHeadTensor(name) ? 'head' : 'adapter';
    throw new InputError(
      `${label}: there is no tensor "${fileName(name)}", which the ${part} needs in this model; is it of another backbone?`,
    );
  }
  if (weight.places) return spread(`${label}: "${fileName(name)}"`, weight, weight.places, shape);
  if (sameShape(weight.shape, shape)) return weight;
  const [rows, columns] = weight.shape;
  if (weight.mayBeWider && rows === shape[0] && columns > shape[1]) return firstColumns(weight, shape);
  const [given, needed] = [weight.shape, shape].map(([first]) => first);
  if (isHeadTensor(name) && sameShape([needed, ...weight.shape.slice(1)], shape)) {
    throw new InputError(
      `${label}: its head has ${given} outputs ("${fileName(name)}"), the model's has ${needed}; give the model as many classes, or the folder to one of that kind.`,
    );
  }
  if (isTokenTable(name) && sameShape([needed, ...weight.shape.slice(1)], shape)) {
    throw new InputError(
      `${label}: its table of tokens ("${fileName(name)}") has ${given} rows, the backbone's has ${needed}, as it was resized; open the folder as a model of its own (convert does), or give the resized backbone with --model (model).`,
    );
  }
  const rank = /\.lora_[AB]\./.test(name) ? ' with the rank of the configuration (r, rank_pattern)' : '';
  throw new InputError(
    `${label}: "${fileName(name)}" has shape ${formatShape(weight.shape)}, the model needs ${formatShape(shape)}${rank}.`,
  );
}

/** The whole matrix of a weight of which the file has some places. @throws InputError for a place outside of it */
function spread(what: string, weight: Weight, [rows, columns]: NonNullable<Weight['places']>, shape: Shape): Weight {
  const [out, inner] = shape;
  const [values, kept] = [new Float32Array(out * inner), new Uint8Array(out * inner)];
  for (const [i, value] of weight.values.entries()) {
    const [row, column] = [rows[i], columns[i]];
    if (!(row >= 0 && row < out && column >= 0 && column < inner)) {
      throw new InputError(
        `${what} has the place ${row}, ${column}, the model ${formatShape(shape)}; is it of another backbone?`,
      );
    }
    values[row * inner + column] += value;
    kept[row * inner + column] = 1;
  }
  return { ...weight, values, shape, kept };
}

/** A matrix without the columns that the model does not have. */
function firstColumns(weight: Weight, [rows, columns]: Shape): Weight {
  const { shape, values } = weight;
  const parts = Array.from({ length: rows }, (_, r) => [...values.subarray(r * shape[1], r * shape[1] + columns)]);
  return { ...weight, shape: [rows, columns], values: Float32Array.from(parts.flat()) };
}

function maskOf({ values, masked }: Weight, isPrunable: boolean): Uint8Array | null {
  const looksPruned = () => isPrunable && values.includes(0) && values.some((value) => value !== 0);
  return (masked ?? looksPruned()) ? Uint8Array.from(values, (value) => Number(value !== 0)) : null;
}
