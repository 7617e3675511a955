import { defineConfig } from 'vite';

/** The bundle for browsers, dist/browser: made of the compiled package, which leaves nothing of TypeScript to do. */
export default defineConfig({
  base: './',
  build: {
    lib: { entry: 'dist/browser.js', formats: ['es'], fileName: 'sparse-adapter' },
    // Vite leaves white space in libraries, for bundlers that drop what is unused; this bundle is for pages.
    rolldownOptions: { output: { minify: true } },
    outDir: 'dist/browser',
    target: 'es2022',
    emptyOutDir: true,
    chunkSizeWarningLimit: 4096,
  },
  worker: { format: 'es' },
});
