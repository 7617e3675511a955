import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const source = join(root, 'src');

/** `import ... from '...'`, `export ... from '...'`, `import '...'` and `import('...')`, of types too. */
const IMPORT = /(?:^\s*(?:import|export)\b[^'";]*?\bfrom\s*|^\s*import\s*|\bimport\s*\(\s*)['"]([^'"]+)['"]/gm;

/** The files of src, relative to it, with forward slashes. */
export function sourceFiles(): string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.split(sep).join('/'))
    .sort();
}

/** The same without those that are erased with the types. */
const RUNTIME_IMPORT = new RegExp(IMPORT.source.replace('(?:import|export)\\b', '$&(?!\\s+type\\b)'), 'gm');

/** The imports of a file of src: other files of src by their name in it, anything else as it is written. */
export const importsOf = (file: string): string[] => matches(file, IMPORT);

/** The imports at run time. */
export const runtimeImportsOf = (file: string): string[] => matches(file, RUNTIME_IMPORT);

function matches(file: string, pattern: RegExp): string[] {
  const path = join(source, file);
  return [...readFileSync(path, 'utf8').matchAll(pattern)].map(([, specifier]) =>
    specifier.startsWith('.')
      ? relative(source, join(dirname(path), specifier))
          .split(sep)
          .join('/')
      : specifier,
  );
}

/** The files of src that importing `entry` can load, itself included. */
export function reachable(entry: string, imports: (file: string) => string[] = importsOf): string[] {
  const found = new Set([entry]);
  for (const file of found) for (const other of imports(file)) if (other.endsWith('.ts')) found.add(other);
  return [...found].sort();
}

/** The first folder of a file of src, or the name of a file that lies in none. */
export const roomOf = (file: string): string => file.split('/')[0].replace(/\.ts$/, '');

const LIST = /^export\s+(?:type\s+)?\{([^}]*)\}\s*from\s*'(\.[^']+)'/gm;
const ALL = /^export\s+\*\s+from\s+'(\.[^']+)'/gm;
const OWN = /^export\s+(?:abstract\s+)?(?:async\s+)?(?:const|function\*?|class|interface|type)\s+(\w+)/gm;

/** The names that a file of src exports, types too, and the file that declares each. */
export function exportsOf(file: string): Map<string, string> {
  const text = readFileSync(join(source, file), 'utf8');
  const fileAt = (path: string) =>
    relative(source, join(source, dirname(file), path))
      .split(sep)
      .join('/');
  const found = new Map<string, string>();
  for (const [, path] of text.matchAll(ALL))
    for (const [name, place] of exportsOf(fileAt(path))) found.set(name, place);
  for (const [, list, path] of text.matchAll(LIST)) {
    for (const item of list.split(',').map((part) => part.trim().replace(/^type\s+/, ''))) {
      const [own, name = own] = item.split(/\s+as\s+/);
      if (own !== '') found.set(name, exportsOf(fileAt(path)).get(own) ?? fileAt(path));
    }
  }
  for (const [, name] of text.matchAll(OWN)) found.set(name, file);
  return found;
}
