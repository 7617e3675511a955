/** The adapter families that configurations know, one line each. */
export { full } from './full.ts';
export { houlsby } from './houlsby.ts';
export { lora } from './lora.ts';
export { parallel } from './parallel.ts';
export { pfeiffer } from './pfeiffer.ts';
