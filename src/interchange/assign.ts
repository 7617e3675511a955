import type { AdaptableModel, Adapter } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { type EncoderConfig, isHeadParameter } from '../models/browser.ts';
import type { Parameter } from '../nn/index.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import type { StoredAdapter } from './format.ts';
import { PLACE, portableName, type Weight } from './portable.ts';

/** A model that adapters attach to, and what it is. */
export type ConfiguredModel = AdaptableModel & { readonly config: EncoderConfig };

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
  model: ConfiguredModel,
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
