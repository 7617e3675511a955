/** The adapter families that configurations know, one line each. */
export { houlsby } from './houlsby.ts';
export { parallel } from './parallel.ts';
export { pfeiffer } from './pfeiffer.ts';
