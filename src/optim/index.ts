export { AdamW, type AdamWOptions, type AdamWState, type AdamWVariant, exceptBiasesAndNorms } from './adamw.ts';
export { clipCoefficient, clipGradNorm, globalNorm } from './clip.ts';
export { constantWithWarmupSchedule, cosineSchedule, linearSchedule } from './schedule.ts';
