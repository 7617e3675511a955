import { fileURLToPath } from 'node:url';
import { readJsonObject } from '../io/index.ts';

const packageFile = fileURLToPath(new URL('../../package.json', import.meta.url));

/** The version of this package. */
export const version = String(readJsonObject(packageFile).version);

/** Versions recorded with every run. */
export const versions = { 'sparse-adapter': version, node: process.versions.node };

/** The command as it was given, for the record. */
export const commandLine = (): string[] => ['sparse-adapter', ...process.argv.slice(2)];
