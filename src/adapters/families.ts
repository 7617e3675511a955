/** The adapter families that configurations know, one line each. */
export { bitfit } from './bitfit.ts';
export { bottleneckAdapter } from './bottleneck-adapter.ts';
export { fullFineTuning } from './full.ts';
export { fusion } from './fusion.ts';
export { houlsby } from './houlsby.ts';
export { ia3 } from './ia3.ts';
export { lnTuning } from './ln-tuning.ts';
export { lora } from './lora.ts';
export { mam } from './mam.ts';
export { parallel } from './parallel.ts';
export { pfeiffer } from './pfeiffer.ts';
export { prefix } from './prefix.ts';
export { promptTuning } from './prompt-tuning.ts';
export { shira } from './shira.ts';
export { vera } from './vera.ts';
