import { fileSource } from './file-source.ts';
import { TorchFile } from './torch-file.ts';

/** Opens a file of `torch.save`; only its pickle is read, and nothing of it executed. @throws InputError as {@link TorchFile}, and when it is missing */
export function openTorchFile(path: string): TorchFile {
  const source = fileSource(path);
  try {
    return new TorchFile(source);
  } catch (error) {
    source.close();
    throw error;
  }
}
