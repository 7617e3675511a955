import { type Backend, setBackend } from '../../src/index.ts';
import { onGpu } from './gpu.ts';

/** The oracle. */
export const float64: Backend = await setBackend('reference', { dtype: 'float64' });
export const float32: Backend = await setBackend('reference');
export const wasm: Backend = await setBackend('wasm');
/** Made last: the fast backend under test stays the current one, by default wasm. */
export const fast: Backend = onGpu ? await setBackend('gpu') : wasm;

/** The backends under test. */
export const backends: readonly Backend[] = onGpu ? [fast] : [float64, float32, fast];
/** Those of them that compute in float32. */
export const singles: readonly Backend[] = backends.filter(({ dtype }) => dtype === 'float32');

export const label = (backend: Backend): string => `${backend.name} ${backend.dtype}`;
