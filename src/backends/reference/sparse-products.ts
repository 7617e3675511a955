import type { ReferenceBackend, ReferenceSparse } from './index.ts';
import { keptValues, linear, maskOf, matmul, placesOf, sampledMatmul, toDense } from './sparse.ts';

/** The sparse products on a reference backend. */
export const referenceSparse = (backend: ReferenceBackend): ReferenceSparse => ({
  places: (mask, rows, columns) => backend.track(placesOf(mask, rows, columns)),
  mask: maskOf,
  toDense: (matrix) => backend.upload(toDense(matrix)),
  keptValues: (dense, places) => backend.upload(keptValues(dense, places)),
  linear: ({ buffer, shape: [n] }, matrix, bias) => backend.upload(linear(buffer, n, matrix, bias?.buffer ?? null)),
  matmul: ({ buffer, shape: [n] }, matrix) => backend.upload(matmul(buffer, n, matrix)),
  sampledMatmul: (y, x, places) => backend.upload(sampledMatmul(y.buffer, x.buffer, y.shape[0], places)),
});
