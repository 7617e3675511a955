export { Adam, type AdamOptions, type AdamState, type AdamVariant, decaysByDefault } from './adam.ts';
export { clipFactor, clipGradients, globalNorm } from './clip.ts';
export { linearSchedule } from './schedule.ts';
