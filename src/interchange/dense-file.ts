import { InputError } from '../errors.ts';
import { parseJson, readFiniteFloats, SafetensorsFile, serializeSafetensors, type TensorFile } from '../io/browser.ts';
import { listOf, parseWith, text } from '../settings/index.ts';
import type { FolderFiles } from './format.ts';
import type { Weight } from './portable.ts';

/** Lists the masked tensors in the metadata, which other libraries pass over. */
const MASKED = 'sparse_adapter.masked';

/**
 * The bytes of a dense safetensors file, as other libraries read it. It also tells which of its zeros are pruned weights.
 *
 * @param weights under their names in the file
 */
export function denseFile(weights: readonly Weight[]): Uint8Array {
  const masked = weights.filter((weight) => weight.masked).map(({ name }) => name);
  return serializeSafetensors(
    weights.map(({ name, shape, values, isInteger }) =>
      isInteger
        ? { name, dtype: 'I32', shape, data: Int32Array.from(values) }
        : { name, dtype: 'F32', shape, data: values },
    ),
    { format: 'pt', [MASKED]: JSON.stringify(masked) },
  );
}

/** The weights of a file, or of a pickle where only that is there, under their names in it. @throws InputError if it is missing or invalid */
export function readDenseFile(files: FolderFiles, name: string, pickle: string): Weight[] {
  if (!files.has(name) && !files.has(pickle)) {
    throw new InputError(
      `${files.label} has no weights: there is neither ${name} nor ${pickle}; save them with the configuration.`,
    );
  }
  const file = files.has(name) ? files.safetensors(name) : files.pickle(pickle);
  try {
    const masked = maskedNames(file.label, file.metadata[MASKED]);
    return file.names().map((tensor) => ({
      name: tensor,
      shape: file.info(tensor).shape,
      values: numbersOf(file, tensor),
      masked: masked?.has(tensor),
    }));
  } finally {
    file.close();
  }
}

/** The values of a tensor of floats, or of whole numbers as of places. */
function numbersOf(file: TensorFile, name: string): Float32Array {
  if (file.info(name).dtype !== 'I32' || !(file instanceof SafetensorsFile)) return readFiniteFloats(file, name);
  return Float32Array.from(new Int32Array(Uint8Array.from(file.readRaw(name)).buffer));
}

function maskedNames(label: string, list: string | undefined): Set<string> | null {
  if (list === undefined) return null;
  const where = `${label}: ${MASKED} in the metadata`;
  return new Set(parseWith(listOf(text), parseJson(list, where), where, 'The file is damaged.'));
}
