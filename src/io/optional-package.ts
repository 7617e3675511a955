import { InputError } from '../errors.ts';

const ABSENT = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'];

/**
 * Loads packages that are installed only by those who need them: optional peer dependencies of this one.
 *
 * @param purpose what needs them, as the subject of a sentence
 * @param names the packages
 * @param load imports or resolves them by literal names, which bundlers look for; each import is followed by `.catch(rethrow)`
 * @throws InputError that says what to install, when one of them is absent, or lacks a package that it needs itself
 */
export async function optionalPackages<Loaded>(
  purpose: string,
  names: readonly string[],
  load: () => Loaded | Promise<Loaded>,
): Promise<Loaded> {
  try {
    return await load();
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && ABSENT.includes(String(error.code));
    if (!isAbsent) throw error;
    const lacking = names.some((name) => error.message.includes(`'${name}`)) ? '' : lackOf(names, error.message);
    if (lacking === null) throw error;
    throw new InputError(`${purpose} needs optional packages${lacking}; add them: npm install ${names.join(' ')}`, {
      cause: error,
    });
  }
}

/** What one of the packages lacks, by the message about it, which names the file that asks for it; null if it is none of theirs. */
function lackOf(names: readonly string[], message: string): string | null {
  const place = message.replaceAll('\\', '/');
  const owner = names.find((name) => place.includes(`/node_modules/${name}/`));
  const [, lacked] = /^Cannot find (?:module|package) '([^']+)'/.exec(place) ?? [];
  return owner === undefined || lacked === undefined ? null : `, and ${owner} lacks '${lacked}'`;
}

/**
 * Passes an error on. A bundler that does not find a package gives up, unless an import of it has a `catch`: then it leaves it as it is, and
 * a program that never calls it works.
 */
export const rethrow = (error: unknown): never => {
  throw error;
};
