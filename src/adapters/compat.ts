import { type Adapter, attachAdapter } from './adapter-set.ts';
import type { BottleneckConfig } from './bottleneck.ts';
import type { AdaptableModel } from './family.ts';
import { houlsby } from './houlsby.ts';

type HoulsbyConfig = BottleneckConfig;

const { kind: _, ...defaults } = houlsby.configure();
const { kind: __, ...authors } = houlsby.configure({ form: 'sparse-adapter' });
export const houlsbyDefaults = defaults as unknown as HoulsbyConfig;
export const sparseAdapterForm = authors as unknown as HoulsbyConfig;

/** In place of which callers will use `attachAdapter`. */
export const attachHoulsby = (model: AdaptableModel, config: Partial<HoulsbyConfig> = {}, name?: string): Adapter =>
  attachAdapter(model, houlsby.configure(config), name);
