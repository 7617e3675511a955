import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { openSafetensors, parseSafetensors, type SafetensorsFile } from '../io/index.ts';

/** SHA-256 of what a model is trained on: plain data, in its order. */
export function fingerprint(items: readonly unknown[]): string {
  const hash = createHash('sha256');
  for (const item of items) hash.update(`${JSON.stringify(item)}\n`);
  return hash.digest('hex');
}

/** SHA-256 of the tensors of a file: names, types, shapes, bytes, and the shapes of masked ones, in whatever order they are stored. */
export function tensorsFingerprint(file: SafetensorsFile): string {
  const hash = createHash('sha256');
  for (const name of file.names().sort()) {
    const { dtype, shape } = file.info(name);
    hash.update(`${JSON.stringify([name, dtype, shape])}\n`).update(file.readRaw(name));
  }
  for (const name of Object.keys(file.metadata).sort()) {
    if (file.has(`${name}.mask`)) hash.update(`${JSON.stringify([name, file.metadata[name]])}\n`);
  }
  return hash.digest('hex');
}

/** The same of a file that may not be there: then undefined. */
export function fileFingerprint(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const file = openSafetensors(path);
  try {
    return tensorsFingerprint(file);
  } finally {
    file.close();
  }
}

/** Those of all safetensors files among some, by name. */
export function fingerprintsOf(files: Readonly<Record<string, Uint8Array | string>>): Record<string, string> {
  const tensors = Object.entries(files).filter(([name]) => name.endsWith('.safetensors'));
  return Object.fromEntries(
    tensors.map(([name, bytes]) => [name, tensorsFingerprint(parseSafetensors(bytes as Uint8Array, name))]),
  );
}
