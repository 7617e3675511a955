/** The adapter families that configurations know, one line each. */
export { fullFineTuning } from './full.ts';
export { fusion } from './fusion.ts';
export { houlsby } from './houlsby.ts';
export { lora } from './lora.ts';
export { mam } from './mam.ts';
export { parallel } from './parallel.ts';
export { pfeiffer } from './pfeiffer.ts';
export { prefix } from './prefix.ts';
