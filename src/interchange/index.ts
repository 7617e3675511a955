/**
 * Adapters as other libraries keep them: PEFT (peft.ts), AdapterHub's `adapters` (adapterhub.ts, with its configurations and heads),
 * and plain Hugging Face checkpoints (checkpoint.ts).
 *
 * A format maps between files and `PortableAdapter`, an adapter in our names away from any model (portable.ts), and knows no model;
 * load.ts finds the format of a folder and gives the weights to a model. Files are dense (dense-file.ts): a pruned weight is 0.
 */
export { checkpointFileNames, checkpointFiles } from './checkpoint.ts';
export type { AdapterFormat, StoredAdapter, WrittenAdapter } from './format.ts';
export {
  type AdapterFormatName,
  adapterFormats,
  assignStored,
  isAdapterFolder,
  type LoadedAdapter,
  type LoadOptions,
  loadAdapterFolder,
  readAdapterFolder,
} from './load.ts';
export { type PortableAdapter, portableAdapter, type Weight } from './portable.ts';
