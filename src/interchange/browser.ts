/** The exports that work in a browser too: nothing here touches files. */
export { assignStored, type ConfiguredModel, checkShapes } from './assign.ts';
export type { AdapterFormat, FolderFiles, ReadOptions, StoredAdapter, WrittenAdapter } from './format.ts';
export { type AdapterFormatName, adapterFormats, readAdapterFiles } from './formats.ts';
export { changedHeadModules } from './head-lora.ts';
export { type MergedPart, type MergeMethod, type MergeOptions, mergeLora, mergeMethods } from './merge-lora.ts';
export { type MajoritySign, majoritySigns } from './merge-tensors.ts';
export { type MixedAdapter, type PortableAdapter, portableAdapter, type Weight } from './portable.ts';
