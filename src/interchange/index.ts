/**
 * Adapters as other libraries keep them: PEFT (peft.ts), AdapterHub's `adapters` (adapterhub.ts, with its configurations and heads),
 * and plain Hugging Face checkpoints (checkpoint.ts). onnx/ writes whole models for other runtimes, and is loaded where that is asked for.
 *
 * PEFT's methods have a file each (peft-lora.ts, peft-loha.ts), merge-lora.ts merges adapters of LoRA.
 *
 * A format maps between files and an adapter in our names away from any model (portable.ts, format.ts). formats.ts lists them,
 * assign.ts gives what was read to a model, load.ts does both for a folder. Files are dense (dense-file.ts): a pruned weight is 0.
 */
export type { HubSetup } from './adapterhub-setup.ts';
export * from './browser.ts';
export { checkpointFileNames, checkpointFiles, checkpointLike } from './checkpoint.ts';
export {
  adapterFolders,
  adapterSetup,
  isAdapterFolder,
  type LoadAdapterOptions,
  type LoadedAdapter,
  type LoadedSetup,
  type LoadSetupOptions,
  loadAdapterFolder,
  loadAdapterSetup,
  readAdapterFolder,
  severalAdapters,
} from './load.ts';
export { type OnnxDType, onnxDTypes, onnxFileNames } from './onnx/names.ts';
export { checkOutputLayer } from './tied-head.ts';
