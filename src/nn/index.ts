export { type HeldDType, heldDTypes } from './held.ts';
export {
  type Initializer,
  kaimingUniformInit,
  normalInit,
  onesInit,
  truncatedNormalInit,
  uniformInit,
  zerosInit,
} from './init.ts';
export { Embedding, LayerNorm, Linear, RmsNorm, trainingDropout, UnbiasedLinear } from './layers.ts';
export { Parameter, Snapshot } from './parameter.ts';
export { ParameterPath, type WeightSource } from './path.ts';
