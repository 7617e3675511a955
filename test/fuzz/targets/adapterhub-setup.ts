import { adapterTarget } from '../adapter-folders.ts';
import type { Target } from '../target.ts';

export const target: Target = await adapterTarget('adapterhub', 'adapter_setup.json', () => undefined);
