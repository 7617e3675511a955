import { addInt8 } from '../backends/all-int8.ts';
import { addSparse } from '../backends/all-sparse.ts';
import { addArchitectures } from './all-architectures.ts';
import { addEncoderDecoders } from './all-encoder-decoders.ts';
import { addBartHeads } from './bart-recipes.ts';

export type { Architecture, EncoderSizes, EncoderType, Fields, LayerStack } from './architecture.ts';
export { addArchitecture, architectures } from './architectures.ts';
export { bert } from './bert.ts';
export * from './browser.ts';
export { underOwnNames } from './config.ts';
export type { EncoderEmbeddings, EncoderLayer, EncoderParts } from './encoder.ts';
export { bertEntries, bertSizes } from './encoder-schema.ts';
export { ACTIVATION_CACHE_BYTES, ActivationCache, FrozenLayers } from './frozen-layers.ts';
export {
  encoderNames,
  type HoldOptions,
  type Loaded,
  loadClassifier,
  loadEncoder,
  loadModel,
  loadQuestionAnswering,
  loadSeq2Seq,
  loadTokenClassification,
  recipeFor,
  seq2SeqNames,
} from './load.ts';
export { MultipleChoiceModel, multipleChoiceRecipe } from './multiple-choice.ts';
export { ownPooling } from './own-head.ts';
export { SummedEmbeddings } from './parts/embeddings.ts';
export { postNormLayer } from './parts/post-norm-layer.ts';
export { randomWeights } from './random-weights.ts';
export { asSaved, type NamedFloats } from './saved-tensors.ts';
export { type CommonWeights, SharedWeights } from './shared-weights.ts';

// Nothing is fetched on the way in Node.js.
addArchitectures();
addBartHeads();
addInt8();
addSparse();
addEncoderDecoders();
