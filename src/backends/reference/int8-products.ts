import type { ReferenceBackend, ReferenceInt8 } from './index.ts';
import { int8Backward, int8Forward, quantizeWeights } from './int8.ts';

/** The products of 8-bit weights on a reference backend. */
export const referenceInt8 = (backend: ReferenceBackend): ReferenceInt8 => ({
  pack: ({ buffer, shape: [n, k] }) => backend.track(quantizeWeights(buffer, n, k)),
  linear: ({ buffer, shape: [m] }, weight, bias) =>
    backend.upload(int8Forward(buffer, m, weight, bias?.buffer ?? null)),
  backward: ({ buffer, shape: [m] }, weight) => backend.upload(int8Backward(buffer, m, weight)),
});
