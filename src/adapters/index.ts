/**
 * Adapters, from the model upwards:
 * - A model has attachment points (models/attachments.ts): residual points, h -> h' at the end of each sublayer, projection points,
 *   y -> y' at each linear layer, and attention points, from keys and values to others. It calls the attached module, and depends on
 *   no kind of adapter.
 * - A family (family.ts, and one file for each such as houlsby.ts) declares the options of a kind of adapter, from which settings,
 *   command line and help follow, and builds `AdapterParts`: a module for each point it changes, and which matrices are prunable.
 *   families.ts lists the families, registry.ts finds them by name.
 * - A set (adapter-set.ts) holds the adapters of one model by name and fills the points with what a composition (composition.ts)
 *   makes of their modules: one, a stack, or in each sequence of a batch its own. No weight changes, so earlier outputs return.
 * - Weights of the backbone change by swapping alone (weight-swap.ts): a merged LoRA, full fine-tuning.
 *
 * An adapter that mixes others takes their parts from `BuildContext.partsOf`; a bottleneck tells what it reads (`input`) and what
 * it adds without the residual (`contribution`). The name of an adapter is one part of each of its parameters' names.
 */

export {
  boolean,
  type ConfigOf,
  names,
  nonNegative,
  type Option,
  type OptionFacts,
  type OptionTable,
  type OptionValue,
  oneOf,
  option,
  positiveInteger,
  positiveNumber,
  probability,
  text,
  wholeNumbers,
} from '../settings/index.ts';
export { type Adapter, AdapterSet, attachAdapter } from './adapter-set.ts';
export { isOfNorm } from './backbone-weights.ts';
export { Bottleneck, type BottleneckConfig, type BottleneckForm, type BottleneckInit } from './bottleneck.ts';
export { layerWidths } from './bottleneck-adapter.ts';
export type { AdapterUse } from './build-checks.ts';
export { type AdapterComposition, batchSplit, stack } from './composition.ts';
export * from './families.ts';
export {
  type AdaptableModel,
  type AdapterModule,
  type AdapterParts,
  type AdapterSettings,
  type AttentionModule,
  type BuildContext,
  type Chain,
  defineFamily,
  type Family,
  type ProjectionModule,
  type PrunableMatrices,
  type ResidualModule,
} from './family.ts';
export { freezeBackbone } from './freeze.ts';
export { Fusion } from './fusion.ts';
export { loraSizes, patternNumber } from './lora.ts';
export { rowNorms } from './low-rank.ts';
export {
  adapterFamilies,
  adapterTitle,
  completeAdapter,
  completeSettings,
  configOf,
  familyOf,
  givenAdapter,
  registerFamily,
} from './registry.ts';
export { adapterSettings } from './settings.ts';
export {
  loadSparseTensors,
  packBits,
  type SparseTensors,
  storedShape,
  toSparseTensors,
  unpackBits,
} from './sparse-file.ts';
