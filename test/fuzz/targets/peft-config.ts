import { adapterTarget } from '../adapter-folders.ts';
import type { Target } from '../target.ts';

export const target: Target = await adapterTarget('peft', 'adapter_config.json', ({ peft_type }) => peft_type);
