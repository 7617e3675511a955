import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as v from 'valibot';
import { adapterFamilies } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { fileError, isFolder } from '../io/index.ts';
import { pruningMethods } from '../pruning/index.ts';
import { listOf, nonEmptyText, openFields, parseWith, strictFields, type ValueOf } from '../settings/index.ts';
import { learnableTasks } from './tasks/index.ts';

/** A plugin that a run was made with: the name of its file, and the SHA-256 of its bytes. */
export type PluginRecord = ValueOf<typeof pluginRecord>;
const pluginRecord = strictFields({ file: nonEmptyText, sha256: nonEmptyText });

/** The schema of the plugins of a run; absent where there are none. */
export const pluginRecords = v.optional(listOf(pluginRecord));

/** By the path of the file. */
const loaded = new Map<string, PluginRecord>();

const countRegistered = (): number => adapterFamilies().length + pruningMethods().length + learnableTasks().length;

/**
 * Runs a file that registers adapter families, pruning methods or tasks; a second time nothing happens. Runs that are made from now on
 * store its digest, and are read with the same plugin only.
 *
 * @throws InputError for a file that cannot be read, that fails, and that registers nothing
 */
export async function loadPlugin(file: string): Promise<void> {
  const path = resolve(file);
  if (loaded.has(path)) return;
  const before = countRegistered();
  const sha256 = digestOf(path);
  try {
    await import(pathToFileURL(path).href);
  } catch (error) {
    throw new InputError(`The plugin ${file} fails: ${reasonOf(path, error)}`, { cause: error });
  }
  if (countRegistered() === before) {
    throw new InputError(
      `The plugin ${file} registers nothing: call registerFamily, registerPruningMethod or registerTask in it.`,
    );
  }
  loaded.set(path, { file: basename(path), sha256 });
}

function digestOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new InputError(`There is no plugin ${path}; give the path of a file with --plugin (loadPlugin).`, {
        cause: error,
      });
    }
    if (isFolder(path)) {
      throw new InputError(`The plugin ${path} is a folder; give a file in it with --plugin (loadPlugin).`, {
        cause: error,
      });
    }
    throw fileError(`Cannot read the plugin ${path}`, error);
  }
}

function reasonOf(path: string, error: unknown): string {
  const { code, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : { code: '', message: error };
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return `this version of Node.js (${process.version}) does not read ${extname(path)}; give .js or .mjs.`;
  }
  const [line] = String(message).split('\n');
  return /[.!?]$/.test(line) ? line : `${line}.`;
}

/** The plugins that a run stores; undefined where there are none. */
export const pluginsOfRun = (): PluginRecord[] | undefined => (loaded.size > 0 ? [...loaded.values()] : undefined);

/**
 * Checks that the plugins of a run are loaded, before its settings are read, which they declare.
 *
 * @param label what says so, for messages
 * @throws InputError naming one that is not loaded, or has another content
 */
export function checkPlugins(stored: unknown, label: string): void {
  const { plugins = [] } = parseWith(openFields({ plugins: pluginRecords }), stored, label);
  const known = [...loaded.values()];
  for (const { file, sha256 } of plugins) {
    if (known.some((plugin) => plugin.sha256 === sha256)) continue;
    const other = known.find((plugin) => plugin.file === file);
    const given = `with sha256 ${sha256.slice(0, 12)}...`;
    throw new InputError(
      other
        ? `${label}: the run was made with the plugin ${file} ${given}, and the one given has ${other.sha256.slice(0, 12)}...; give the same file.`
        : `${label}: the run was made with the plugin ${file} ${given}; give it with --plugin (loadPlugin).`,
    );
  }
}
