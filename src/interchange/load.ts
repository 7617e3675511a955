import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AdaptableModel, type Adapter, AdapterSet } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { readJsonObject } from '../io/index.ts';
import { type EncoderConfig, isHeadParameter } from '../models/index.ts';
import type { Parameter } from '../nn/index.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import { adapterhub } from './adapterhub.ts';
import type { AdapterFormat, StoredAdapter } from './format.ts';
import { peft } from './peft.ts';
import { PLACE, portableName, type Weight } from './portable.ts';

/** The formats of other libraries. */
export const adapterFormats = { peft, adapterhub } as const satisfies Record<string, AdapterFormat>;
export type AdapterFormatName = keyof typeof adapterFormats;

const CONFIG = 'adapter_config.json';

/** Whether a folder holds an adapter of another library. */
export const isAdapterFolder = (folder: string): boolean => existsSync(join(folder, CONFIG));

/** Reads the adapter and the head of another library's folder. @throws InputError if it is of neither, or cannot be used here */
export function readAdapterFolder(folder: string): StoredAdapter {
  const config = readJsonObject(join(folder, CONFIG));
  const format = Object.values(adapterFormats).find(({ isOwn }) => isOwn(config));
  if (format) return format.read(folder, config);
  throw new InputError(`${join(folder, CONFIG)} is neither PEFT's (peft_type) nor AdapterHub's (config).`);
}

type Model = AdaptableModel & { readonly config: EncoderConfig };

interface Assignment {
  readonly parameter: Parameter;
  readonly weight: Weight;
}

/**
 * Gives the adapter of a model, and the model's head, the weights of a folder. All are checked before the first one is changed.
 *
 * A matrix that pruning may remove weights from gets a mask where it is 0, if the file says that it was pruned or if it says nothing
 * and has zeros beside other numbers.
 *
 * @param options.head false leaves the head as it is. Default true.
 * @returns whether the folder had a head
 * @throws InputError naming the tensor that is missing, superfluous or misshapen, as in an adapter of another backbone
 */
export function assignStored(
  model: Model,
  adapter: Adapter,
  stored: StoredAdapter,
  { head = true }: { readonly head?: boolean } = {},
): boolean {
  checkBackbone(model.config, stored);
  const headParameters = model.parameters().filter(isHeadParameter);
  const places = new Map<string, Parameter>([
    ...adapter.parameters.map((parameter) => [portableName(parameter.name, adapter.name), parameter] as const),
    ...headParameters.map((parameter) => [parameter.name, parameter] as const),
  ]);
  const assignments = new Map<Parameter, Assignment>();
  for (const weight of stored.weights) {
    const parameter = places.get(weight.name) ?? places.get(`${model.config.model_type}.${weight.name}`);
    if (!parameter) {
      if (!head && isOfHead(weight)) continue;
      throw new InputError(
        `${stored.label}: tensor "${stored.fileName(weight.name)}" belongs to no parameter of this adapter and head; is it of another backbone or head?`,
      );
    }
    if (assignments.has(parameter)) {
      throw new InputError(`${stored.label}: "${stored.fileName(weight.name)}" is there twice, under two names.`);
    }
    assignments.set(parameter, { parameter, weight });
  }
  const hasHead = headParameters.some((parameter) => assignments.has(parameter));
  const needed = [...adapter.parameters, ...(head && hasHead ? headParameters : [])];
  for (const parameter of needed) {
    checkFit(stored, portableName(parameter.name, adapter.name), parameter, assignments.get(parameter)?.weight);
  }
  for (const parameter of needed) {
    const { weight } = assignments.get(parameter)!;
    parameter.load(weight.values, maskOf(weight, adapter.prunable.includes(parameter)));
  }
  return hasHead;
}

const isOfHead = ({ name }: Weight): boolean => /(^|\.)(classifier|qa_outputs|pooler|score|heads)\./.test(name);

function checkBackbone(config: EncoderConfig, { label, backbone }: StoredAdapter): void {
  const { modelType = config.model_type, hiddenSize = config.hidden_size } = backbone;
  if (modelType === config.model_type && hiddenSize === config.hidden_size) return;
  throw new InputError(
    `${label} is an adapter for ${modelType} with ${hiddenSize} hidden units, the model is ${config.model_type} with ${config.hidden_size}; use the backbone that it was trained on.`,
  );
}

function checkFit({ label, fileName }: StoredAdapter, name: string, { shape }: Parameter, weight: Weight | undefined) {
  if (!weight) {
    const part = name.includes(PLACE) ? 'adapter' : 'head';
    throw new InputError(
      `${label}: there is no tensor "${fileName(name)}", which the ${part} needs in this model; is it of another backbone?`,
    );
  }
  if (!sameShape(weight.shape, shape)) {
    throw new InputError(
      `${label}: "${fileName(name)}" has shape ${formatShape(weight.shape)}, the model needs ${formatShape(shape)}.`,
    );
  }
}

function maskOf({ values, masked }: Weight, isPrunable: boolean): Uint8Array | null {
  const looksPruned = () => isPrunable && values.includes(0) && values.some((value) => value !== 0);
  return (masked ?? looksPruned()) ? Uint8Array.from(values, (value) => Number(value !== 0)) : null;
}

export interface LoadOptions {
  /** Name of the adapter in the model. Default `default`. */
  readonly name?: string;
  /** The adapters of the model, if it has some already. */
  readonly adapters?: AdapterSet;
  /** Whether the folder's task head replaces the model's. Default true. */
  readonly head?: boolean;
}

export interface LoadedAdapter {
  readonly adapters: AdapterSet;
  readonly adapter: Adapter;
  /** Whether the folder had a task head, which is the model's now. */
  readonly hasHead: boolean;
  readonly stored: StoredAdapter;
}

/**
 * Attaches and activates the adapter of a PEFT or AdapterHub folder.
 *
 * @throws InputError as {@link readAdapterFolder} and {@link assignStored}; the model is then as it was
 */
export function loadAdapterFolder(model: Model, folder: string, options: LoadOptions = {}): LoadedAdapter {
  const { name = 'default', adapters = new AdapterSet(model), head } = options;
  const stored = readAdapterFolder(folder);
  const adapter = adapters.add(name, stored.settings);
  try {
    const hasHead = assignStored(model, adapter, stored, { head });
    adapters.activate(name);
    return { adapters, adapter, hasHead, stored };
  } catch (error) {
    adapters.remove(name);
    throw error;
  }
}
