import { fileSource } from './file-source.ts';
import { SafetensorsFile } from './safetensors.ts';

/**
 * Opens a safetensors file and checks its header; only the header is read.
 *
 * @throws InputError when the file is missing or invalid; the message names the file, the tensor and the remedy
 */
export function openSafetensors(path: string): SafetensorsFile {
  const source = fileSource(path);
  try {
    return new SafetensorsFile(source);
  } catch (error) {
    source.close();
    throw error;
  }
}
