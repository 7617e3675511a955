import { defineConfig } from 'vite';

/** The bundle for browsers, dist/browser: made of the compiled package, which leaves nothing of TypeScript to do. */
export default defineConfig({
  base: './',
  build: {
    lib: { entry: 'dist/browser.js', formats: ['es'], fileName: 'sparse-adapter' },
    outDir: 'dist/browser',
    target: 'es2022',
    emptyOutDir: true,
    chunkSizeWarningLimit: 4096,
  },
  worker: { format: 'es' },
});
