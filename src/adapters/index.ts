export {
  type Adapter,
  AdapterSet,
  attachAdapter,
  freezeBackbone,
  type PrunableSet,
  prunableIn,
  prunableSets,
} from './adapter-set.ts';
export { Bottleneck, type BottleneckConfig, type BottleneckForm, type BottleneckInit } from './bottleneck.ts';
export { bySequence, type Composition, stack } from './composition.ts';
export * from './families.ts';
export {
  type AdaptableModel,
  type AdapterModule,
  type AdapterParts,
  type AdapterSettings,
  type BuildContext,
  defineFamily,
  type Family,
  type ProjectionModule,
  type PrunableMatrices,
  type ResidualModule,
} from './family.ts';
export {
  type ConfigOf,
  choice,
  names,
  type Option,
  type OptionTable,
  type OptionValue,
  positiveInteger,
  positiveNumber,
  probability,
  yesOrNo,
} from './options.ts';
export { adapterFamilies, adapterTitle, completeSettings, configOf, familyOf, registerFamily } from './registry.ts';
export { loadSparseTensors, packBits, type SparseTensors, toSparseTensors, unpackBits } from './sparse-file.ts';
