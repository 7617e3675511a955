import { environmentVariable } from '../../environment.ts';

/** Why gpu.js finds no device, in words that name the remedy. */
export function whatIsMissing(): string {
  const inNode = globalThis.process?.versions?.node !== undefined;
  if (!inNode) return 'this browser gives no WebGL2 with float textures. Use the wasm backend.';
  const DISPLAY = environmentVariable('DISPLAY');
  const missing = [
    ...(isBuilt('gl') ? [] : ['the package gl is not built for this Node.js']),
    ...(DISPLAY ? [] : ['there is no X display (DISPLAY is not set; xvfb-run gives one)']),
  ];
  const cause = missing.length > 0 ? missing.join(', and ') : `no OpenGL driver answers on the X display ${DISPLAY}`;
  return `${cause}. docs/backends.md tells what to install.`;
}

/** Whether a package that gpu.js loads for itself can be loaded. */
function isBuilt(name: string): boolean {
  // Not imported: bundles for browsers have no such module.
  const { createRequire } = globalThis.process.getBuiltinModule('node:module');
  try {
    const { resolve } = createRequire(import.meta.url);
    createRequire(resolve('gpu.js'))(name);
    return true;
  } catch {
    return false;
  }
}
