export { checkGradients, type GradientCheck, type GradientCheckOptions } from './check.ts';
export { checkpoint } from './checkpoint.ts';
export { backward, type GradOptions, grad } from './grad.ts';
export { hvp } from './hvp.ts';
export type { GradInputs, Gradients } from './inputs.ts';
export { type ValueAndGrad, valueAndGrad } from './value-and-grad.ts';
