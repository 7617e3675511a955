import type { BackendName } from '../../src/index.ts';

/**
 * Whether the tests run on the GPU instead of the other backends (`npm run test:gpu`). It is a demand: without a device they
 * fail and are not skipped.
 */
export const onGpu: boolean = process.env.SPARSE_ADAPTER_GPU === '1';

/** The float32 backends under test. */
export const backendNames: readonly BackendName[] = onGpu ? ['gpu'] : ['reference', 'wasm'];
