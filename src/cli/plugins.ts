import { readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { Option } from 'commander';
import { loadPlugin } from '../training/index.ts';

const FLAG = '--plugin';

/** The option that every command has; its files are run before, as they declare further options. */
export const pluginOption = (): Option =>
  new Option(
    `${FLAG} <file>`,
    'run a file that adds adapters, pruning scores or tasks, with their options; may be given several times',
  ).argParser((file: string, others: readonly string[] = []) => [...others, file]);

/** The files that a command line names, in their order. */
export function pluginFiles(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  return own.flatMap((arg, i) => {
    if (arg.startsWith(`${FLAG}=`)) return [arg.slice(FLAG.length + 1)];
    return arg === FLAG && own[i + 1] !== undefined ? [own[i + 1]] : [];
  });
}

/** Runs the plugins of a command line, before it is parsed. @throws InputError as `loadPlugin` */
export const loadPlugins = (args: readonly string[]): Promise<void> =>
  loadPluginFiles(pluginFiles(args).filter((file) => file !== ''));

/** Runs plugins. @throws InputError as `loadPlugin` */
export async function loadPluginFiles(files: readonly string[]): Promise<void> {
  if (files.length > 0) resolveOwnPackage();
  for (const file of files) await loadPlugin(file);
}

type Target = string | Readonly<Record<string, string>>;

/** The module of this program that each name of the package stands for. */
function ownModules(): Record<string, string> {
  const root = new URL('../../', import.meta.url);
  const { name, exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    readonly name: string;
    readonly exports: Readonly<Record<string, Target>>;
  };
  const isSource = import.meta.url.endsWith('.ts');
  const entries = Object.entries(exports).map(([key, target]) => {
    const file = typeof target === 'string' ? target : (target.node ?? target.default);
    const own = isSource ? file.replace(/^\.\/dist\/(.*)\.js$/, './src/$1.ts') : file;
    return [`${name}${key.slice(1)}`, new URL(own, root).href];
  });
  return Object.fromEntries(entries);
}

type Resolve = (specifier: string, context: unknown, next: (specifier: string, context: unknown) => unknown) => unknown;

/** Since Node.js 22.15. */
interface SynchronousHooks {
  registerHooks?(hooks: { readonly resolve: Resolve }): void;
}

/** The same for older versions, where hooks live in a thread of their own. */
const hooks = `let own;
export const initialize = (modules) => { own = modules; };
export const resolve = (specifier, context, next) =>
  Object.hasOwn(own, specifier) ? { url: own[specifier], shortCircuit: true } : next(specifier, context);`;

/**
 * Gives plugins the modules of this program for the name of its package: another copy that lies beside them would register with
 * itself, and where none does the name would stand for nothing.
 */
function resolveOwnPackage(): void {
  const own = ownModules();
  const { registerHooks } = nodeModule as SynchronousHooks;
  if (registerHooks) {
    registerHooks({
      resolve: (specifier, context, next) =>
        Object.hasOwn(own, specifier) ? { url: own[specifier], shortCircuit: true } : next(specifier, context),
    });
  } else {
    nodeModule.register(`data:text/javascript,${encodeURIComponent(hooks)}`, { data: own });
  }
}
