import { isHeadParameter, type ResidualPoint } from '../models/index.ts';
import type { Parameter, ParameterPath } from '../nn/index.ts';

/** What an adapter needs of a model: its attachment points and its parameters. */
export interface AdaptableModel {
  readonly encoder: { readonly residualPoints: readonly ResidualPoint[] };
  readonly root: ParameterPath;
  parameters(): Parameter[];
}

/** An adapter attached to a model. */
export interface Adapter {
  readonly name: string;
  /** All its parameters, in the order of the attachment points. */
  readonly parameters: readonly Parameter[];
  /** The weight matrices that pruning may remove weights from: never biases or norms. */
  readonly prunable: readonly Parameter[];
  /** Takes the adapter off the attachment points and its parameters out of the model. A second call does nothing. */
  detach(): void;
}

/**
 * Makes every parameter a constant but those of the adapter and those that `isTrained` names, by default the task head.
 */
export function freezeBackbone(
  model: AdaptableModel,
  adapter: Adapter,
  isTrained: (parameter: Parameter) => boolean = isHeadParameter,
): void {
  const adapted = new Set(adapter.parameters);
  for (const parameter of model.parameters()) parameter.trainable = adapted.has(parameter) || isTrained(parameter);
}
