import { isJsonObject } from '../../../src/io/index.ts';
import { adapterTarget } from '../adapter-folders.ts';
import type { Target } from '../target.ts';

export const target: Target = await adapterTarget('adapterhub', 'adapter_config.json', ({ config }) =>
  isJsonObject(config) ? config.architecture : undefined,
);
