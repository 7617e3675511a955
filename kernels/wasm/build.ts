/**
 * Compiles the AssemblyScript kernels into `src/backends/wasm/binary.ts`: the module as a base64 string, once with relaxed SIMD
 * (fused multiply-add) and once for engines without it.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

const sources = join(import.meta.dirname, 'assembly');
const target = join(import.meta.dirname, '../../src/backends/wasm/binary.ts');
const features = { relaxed: 'simd,relaxed-simd,threads', baseline: 'simd,threads' };
const options = [
  '-O3',
  ...['--runtime', 'stub'],
  ...['--importMemory', '--sharedMemory'],
  // The host decides how much of it to start with; the maximum is 4 GiB.
  ...['--initialMemory', '1', '--maximumMemory', '65536'],
];

const files = readdirSync(sources).sort();
const hash = createHash('sha256')
  .update(JSON.stringify([options, features]))
  .update(asc.version);
for (const file of files) hash.update(file).update(readFileSync(join(sources, file)));
const stamp = `// sources: ${hash.digest('hex')}`;

if (readBinary().startsWith(stamp)) {
  console.log('wasm kernels: up to date');
} else {
  let text = `${stamp}\n`;
  for (const [name, enabled] of Object.entries(features)) {
    const binary = await compile(enabled);
    text += `export const ${name} =\n  '${Buffer.from(binary).toString('base64')}';\n`;
    console.log(`wasm kernels, ${name}: ${binary.length} bytes`);
  }
  writeFileSync(target, text);
}

function readBinary(): string {
  try {
    return readFileSync(target, 'utf8');
  } catch {
    return '';
  }
}

async function compile(enabled: string): Promise<Uint8Array> {
  let binary: Uint8Array | null = null;
  const { error, stderr } = await asc.main(['index.ts', '--outFile', 'kernels.wasm', '--enable', enabled, ...options], {
    readFile: (name, base) => {
      try {
        return readFileSync(join(sources, base, name), 'utf8');
      } catch {
        return null;
      }
    },
    writeFile: (_name, contents) => {
      if (typeof contents !== 'string') binary = contents;
    },
    listFiles: () => [],
  });
  if (error || !binary || stderr.toString()) throw new Error(`The kernels do not compile without warnings.\n${stderr}`);
  return binary;
}
