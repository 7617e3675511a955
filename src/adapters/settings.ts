import * as v from 'valibot';
import { oneOf, option } from '../settings/index.ts';
import type { AdapterSettings } from './family.ts';
import { adapterFamilies, givenAdapter } from './registry.ts';

const kinds = () => adapterFamilies().map(({ kind }) => kind);

/** The name of a family, or settings of it: `'lora'`, `{ kind: 'lora', rank: 8 }`. */
const adapter = v.pipe(
  v.lazy((given): v.GenericSchema => (typeof given === 'string' ? oneOf(kinds()) : givenAdapter)),
  v.transform((given) => (typeof given === 'string' ? { kind: given } : given)),
) as unknown as v.GenericSchema<string | AdapterSettings, AdapterSettings>;

/** The adapter that is trained; its own options are declared by its family. */
export const adapterSettings = () => ({
  adapter: option(adapter, {
    description: `kind of adapter: ${adapterFamilies()
      .map(({ kind, summary }) => `${kind} (${summary})`)
      .join(', ')}`,
    placeholder: '<kind>',
    choices: kinds(),
    default: { kind: 'houlsby' },
    defaultText: 'houlsby',
  }),
});
