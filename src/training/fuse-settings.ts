import { basename, resolve } from 'node:path';
import * as v from 'valibot';
import { completeAdapter, fusion } from '../adapters/index.ts';
import { listOf, nonEmptyText, option, strictFields } from '../settings/index.ts';

/** A family that a page has only with the files that bring it. */
const COMPOSED = 'composed';

const FOLDERS = 'folders of different names, with commas between them; write name=folder to tell two apart';

/** `name=folder`, with an absolute path; a name that is not given is that of the folder. */
const namedRun = v.pipe(
  v.string(FOLDERS),
  v.regex(/^(?:[\w-]+=)?[^=]/, FOLDERS),
  v.transform((text) => {
    const [, given, folder] = text.match(/^(?:([\w-]+)=)?(.*)$/) as RegExpMatchArray;
    return `${given ?? basename(resolve(folder)).replace(/[^\w-]+/g, '-')}=${resolve(folder)}`;
  }),
);

const nameOf = (named: string): string => named.split('=', 1)[0];

const haveDifferentNames = (runs: string[]): boolean => new Set(runs.map(nameOf)).size === runs.length;

export const fuseSettings = {
  fuse: option(v.pipe(v.array(namedRun, FOLDERS), v.check(haveDifferentNames, FOLDERS)), {
    description: 'finished runs whose adapters are mixed',
    placeholder: '<runs>',
    for: { adapter: [fusion.kind] },
    isStored: false,
  }),
  /** Stored in the place of `fuse`: what of these runs is needed to rebuild the model. */
  fused: option(
    listOf(
      strictFields({
        /** The name of the adapter in the new model. */
        name: nonEmptyText,
        /** The folder of the finished run. Its weights are loaded once, when the other run begins. */
        run: nonEmptyText,
        settings: completeAdapter,
      }),
    ),
    { description: 'adapters that are mixed', flag: null, for: { adapter: [fusion.kind, COMPOSED] } },
  ),
};
