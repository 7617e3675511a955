/** The exports that work in a browser too: nothing here touches files. */
export { InputError } from '../errors.ts';
export type { Checkpoint, TensorFile } from './checkpoint.ts';
export type { SafetensorsDtype } from './dtypes.ts';
export { isJsonObject, parseJson } from './json.ts';
export { parseSafetensors, readFiniteFloats, SafetensorsFile } from './safetensors.ts';
export type { TensorInfo } from './safetensors-header.ts';
export { serializeSafetensors, type TensorData } from './safetensors-writer.ts';
export { type StoredModule, TensorSource } from './tensor-source.ts';
