/**
 * Bundles the thread that reads Parquet files into `src/data/parquet-worker-source.ts`, as one text: so it starts in a program that was
 * bundled itself, too. The licences of what is in it stand above it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');
const target = join(root, 'src/data/parquet-worker-source.ts');
const packages = ['hyparquet', 'hyparquet-compressors', 'fzstd', 'hysnappy'];

const { outputFiles } = await build({
  entryPoints: [join(root, 'src/data/parquet-worker.ts')],
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: true,
  write: false,
});
const licences = packages.map((name) => {
  const text = readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8').trim();
  return `${name}:\n${text.replaceAll('*/', '* /')}`;
});
const text = `/*!\n${licences.join('\n\n')}\n*/\nexport const source: string = ${JSON.stringify(outputFiles[0].text)};\n`;

if (readSource() === text) console.log('Parquet thread: up to date');
else {
  writeFileSync(target, text);
  console.log(`Parquet thread: ${text.length} bytes`);
}

function readSource(): string {
  try {
    return readFileSync(target, 'utf8');
  } catch {
    return '';
  }
}
