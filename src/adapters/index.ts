export { type AdaptableModel, type Adapter, freezeBackbone } from './adapter.ts';
export { Bottleneck, type BottleneckConfig, type BottleneckForm, type BottleneckInit } from './bottleneck.ts';
export { attachHoulsby, houlsbyDefaults, sparseAdapterForm } from './houlsby.ts';
export { loadSparseTensors, packBits, type SparseTensors, toSparseTensors, unpackBits } from './sparse-file.ts';
