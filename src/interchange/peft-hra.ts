import { changedWeightMethod } from './peft-changed-weight.ts';

/** HRA: chains of Householder reflections. */
export const peftHra = changedWeightMethod({
  peftType: 'HRA',
  kind: 'hra',
  tensors: ['hra_u'],
  fields: ['r', 'apply_GS'],
  options: (_, config) => ({ rank: config.r, gramSchmidt: config.apply_GS }),
  config: ({ rank, gramSchmidt }) => ({ apply_GS: gramSchmidt, r: rank }),
});
