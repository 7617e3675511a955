import { type Backend, setBackend } from '../../src/index.ts';

/** The oracle. */
export const float64: Backend = await setBackend('reference', { dtype: 'float64' });
export const float32: Backend = await setBackend('reference');
/** Made last: it stays the current backend, as it is by default. */
export const wasm: Backend = await setBackend('wasm');

export const backends: readonly Backend[] = [float64, float32, wasm];

export const label = (backend: Backend): string => `${backend.name} ${backend.dtype}`;
