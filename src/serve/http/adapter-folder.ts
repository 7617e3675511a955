import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, isAbsolute, resolve, sep } from 'node:path';
import { InputError } from '../../errors.ts';
import { HttpError } from './http-error.ts';

/** The folder from which adapters are loaded at run time, or none. */
export class AdapterFolder {
  readonly #root: string | null;

  /** @throws InputError if there is no such folder */
  constructor(folder: string | undefined) {
    if (folder !== undefined && !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
      throw new InputError(
        `There is no folder ${folder}; give --adapters (adapters) the one that the adapters are in.`,
      );
    }
    this.#root = folder === undefined ? null : realpathSync(folder);
  }

  /** @throws HttpError unless adapters may be loaded and unloaded at run time */
  assertAllowed(): string {
    if (this.#root !== null) return this.#root;
    throw new HttpError(
      403,
      'not_allowed',
      'This server loads and unloads no adapters; start it with --adapters and the folder that they are in.',
    );
  }

  /** Returns where a path below the folder leads. @throws HttpError for one that leads out of it, or to nothing */
  find(path: string): { readonly folder: string; readonly name: string } {
    const root = this.assertAllowed();
    const missing = () => new HttpError(404, 'not_found', 'There is no such folder below that of the adapters.');
    if (isAbsolute(path) || path.includes('\0')) throw missing();
    const place = resolve(root, path);
    if (!existsSync(place)) throw missing();
    // Links count by where they lead.
    const folder = realpathSync(place);
    if (!folder.startsWith(root + sep)) throw missing();
    return { folder, name: basename(place) };
  }
}
