import { isHeadParameter } from '../models/heads.ts';
import type { Parameter } from '../nn/index.ts';
import type { Adapter } from './adapter-set.ts';
import type { AdaptableModel } from './family.ts';

/** Makes every parameter a constant but those of the adapter and those that `isTrained` names, by default the task head. */
export function freezeBackbone(
  model: AdaptableModel,
  adapter: Adapter,
  isTrained: (parameter: Parameter) => boolean = isHeadParameter,
): void {
  const adapted = new Set(adapter.parameters);
  for (const parameter of adapter.parts.fixed ?? []) adapted.delete(parameter);
  for (const parameter of model.parameters()) parameter.trainable = adapted.has(parameter) || isTrained(parameter);
}
