export { writeFileAtomic } from './atomic.ts';
export * from './browser.ts';
export { openCheckpoint } from './checkpoint.ts';
export { fileError, isFolder, isSameFile, readJsonObject, readTextFile } from './files.ts';
export { contentLength, type FileContent, type Pieces } from './flush.ts';
export { type FetchOptions, fetchModel } from './hub/fetch-model.ts';
export type { OnProgress } from './hub/remote.ts';
export { readGenerationConfig, readModelConfig, resolveModelFolder } from './model-folder.ts';
export { checkNewFile, NewFile } from './new-file.ts';
export { npyHeader, npyHeaderBytes } from './npy.ts';
export { optionalPackages, rethrow } from './optional-package.ts';
export {
  BusyError,
  checkSharedOutput,
  checkSpace,
  type Disk,
  lockFolder,
  type OutputFolder,
  OVERWRITE,
  openNewOutput,
  openOutput,
  recoverOutput,
  writeFolderAtomic,
} from './output-folder.ts';
export { openSafetensors } from './safetensors-open.ts';
export { EventWriter } from './tensorboard.ts';
export { hasTokenizer, tokenizerCopies } from './tokenizer-copies.ts';
export { tokenizerFiles } from './tokenizer-files.ts';
export { openTorchFile } from './torch-open.ts';
