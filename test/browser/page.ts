/**
 * Runs one file of tests, which the address names: uvu finds its suites and writes to the console. Files are those of the other
 * platforms where they touch nothing of Node.js.
 */
const files: Record<string, () => Promise<unknown>> = import.meta.glob([
  '../{ops,autograd,tensor,optim}/*.test.ts',
  '!../autograd/{second-order,memory}.test.ts',
  '!../tensor/{collection,loops}.test.ts',
  './*.page.ts',
]);

declare global {
  interface ImportMeta {
    glob(patterns: readonly string[]): Record<string, () => Promise<unknown>>;
  }
  /** uvu's: suites run when told to, and not when they are defined. */
  var UVU_DEFER: number;
  var UVU_QUEUE: unknown[][];
}

globalThis.UVU_DEFER = 1;
const name = process.env.FILE ?? '';
globalThis.UVU_QUEUE = [[name]];
const { exec } = await import('uvu');
try {
  await files[name]();
  await exec();
} catch (error) {
  console.log(`FAIL ${name}: ${error instanceof Error ? error.stack : error}`);
}
console.log('DONE');
