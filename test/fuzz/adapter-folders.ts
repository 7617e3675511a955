import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../src/errors.ts';
import {
  type AdapterFormatName,
  adapterFormats,
  loadAdapterFolder,
  portableAdapter,
} from '../../src/interchange/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { adapterSetFor, loadedSettings, smallSettings } from '../support/adapters.ts';
import { tinyClassifier } from '../support/tiny-model.ts';
import { heldObject } from './inputs.ts';
import type { Target } from './target.ts';

const composed = { kind: 'composed', adapters: ['pfeiffer-1', 'houlsby-2'] };
const averaged = { kind: 'composed', adapters: ['pfeiffer-1', 'pfeiffer-2'], factors: [0.25, 0.25] };

/** Folders of every kind of adapter that a format has. */
async function foldersOf(format: AdapterFormatName): Promise<string[]> {
  const folders: string[] = [];
  for (const settings of [...Object.values(smallSettings).flat(), ...loadedSettings, composed, averaged]) {
    const model = tinyClassifier();
    const set = adapterSetFor(model, settings);
    const adapter = set.add('default', settings);
    const mixed = set.names.filter((name) => name !== 'default').map((name) => set.get(name));
    try {
      const portable = await portableAdapter(model, adapter, 'tiny', mixed);
      folders.push(temporaryFolder(adapterFormats[format].write(portable, 'task').files));
    } catch (error) {
      // The format does not have it.
      if (!(error instanceof InputError)) throw error;
    }
  }
  return folders;
}

/**
 * A target that changes a file of adapters of every kind, and loads what it then finds with the other files of an adapter of that kind.
 *
 * @param kindOf what tells the kind of an adapter in the content of the file
 */
export async function adapterTarget(
  format: AdapterFormatName,
  file: string,
  kindOf: (content: Record<string, unknown>) => unknown,
): Promise<Target> {
  const folders = (await foldersOf(format)).flatMap((folder) => {
    const content = adapterFormats[format].fileNames.includes(file) ? contentOf(folder, file) : undefined;
    return content ? [{ folder, content, kind: String(kindOf(JSON.parse(String(content)))) }] : [];
  });
  return {
    kind: 'json',
    seeds: folders.map(({ content }) => content),
    read: (input) => {
      const kind = String(kindOf(heldObject(input) ?? {}));
      const own = folders.filter((one) => one.kind === kind);
      const among = own.length > 0 ? own : folders;
      const { folder, content } = among[input.length % among.length];
      writeFileSync(join(folder, file), input);
      try {
        loadAdapterFolder(tinyClassifier(), folder);
      } finally {
        writeFileSync(join(folder, file), content);
      }
    },
  };
}

function contentOf(folder: string, file: string): Uint8Array | undefined {
  try {
    return readFileSync(join(folder, file));
  } catch {
    return undefined;
  }
}
