import { defineConfig } from 'vite';

/** The bundle for browsers, dist/browser: made of the compiled package, which leaves nothing of TypeScript to do. */
export default defineConfig({
  base: './',
  build: {
    lib: {
      // Training and metrics are of no use to a page that only answers: each is a file of its own.
      entry: {
        'sparse-adapter': 'dist/browser.js',
        training: 'dist/browser-training.js',
        metrics: 'dist/metrics/index.js',
      },
      formats: ['es'],
    },
    // Vite leaves white space and hints in libraries, for bundlers that drop what is unused; this bundle is for pages.
    rolldownOptions: {
      output: {
        minify: true,
        comments: { annotation: false },
        // What pages share in one file is smaller than in several.
        codeSplitting: {
          groups: [
            {
              name: 'engine',
              // Parts of models that a page of BERT or RoBERTa has no use for are left out.
              test: /valibot|dist\/(autograd|backends|io|models|nn|ops|random|settings|tensor)\/(?!encoder-decoder-layers|parts\/(?!(embeddings|feed-forward|layer|post-norm-layer|self-attention|sublayer)\.))/,
              minShareCount: 2,
            },
          ],
        },
      },
    },
    outDir: 'dist/browser',
    target: 'es2022',
    emptyOutDir: true,
    chunkSizeWarningLimit: 4096,
  },
  worker: { format: 'es' },
});
