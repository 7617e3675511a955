import { InputError } from '../errors.ts';
import { adapterhub } from './adapterhub.ts';
import type { AdapterFormat, FolderFiles, ReadOptions, StoredAdapter } from './format.ts';
import { peft } from './peft.ts';

/** The formats of other libraries. */
export const adapterFormats = { peft, adapterhub } as const satisfies Record<string, AdapterFormat>;
export type AdapterFormatName = keyof typeof adapterFormats;

/** Reads an adapter and its head from the files of another library. @throws InputError if they are of neither, or cannot be used here */
export function readAdapterFiles(files: FolderFiles, options: ReadOptions = { head: true }): StoredAdapter {
  const format = Object.values(adapterFormats).find(({ matches }) => matches(files));
  if (format) return format.read(files, options);
  throw new InputError(
    `${files.label} holds no adapter: its adapter_config.json is missing, or neither PEFT's (peft_type) nor AdapterHub's (config).`,
  );
}
