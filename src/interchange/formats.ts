import { InputError } from '../errors.ts';
import { adapterhub } from './adapterhub.ts';
import type { AdapterFormat, FolderFiles, StoredAdapter } from './format.ts';
import { peft } from './peft.ts';

/** The formats of other libraries. */
export const adapterFormats = { peft, adapterhub } as const satisfies Record<string, AdapterFormat>;
export type AdapterFormatName = keyof typeof adapterFormats;

/** What all of them call their configuration. */
export const ADAPTER_CONFIG = 'adapter_config.json';

/** Reads an adapter and its head from the files of another library. @throws InputError if they are of neither, or cannot be used here */
export function readAdapterFiles(files: FolderFiles): StoredAdapter {
  const config = files.json(ADAPTER_CONFIG);
  const format = Object.values(adapterFormats).find(({ isOwn }) => isOwn(config));
  if (format) return format.read(files, config);
  throw new InputError(`${files.path(ADAPTER_CONFIG)} is neither PEFT's (peft_type) nor AdapterHub's (config).`);
}
