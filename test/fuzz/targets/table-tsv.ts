import { tableTarget } from '../inputs.ts';

export const target = tableTarget('tsv');
