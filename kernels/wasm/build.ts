/** Compiles the AssemblyScript kernels into `src/backends/wasm/binary.ts`: the module as a base64 string. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

const sources = join(import.meta.dirname, 'assembly');
const target = join(import.meta.dirname, '../../src/backends/wasm/binary.ts');
const options = [
  '-O3',
  ...['--runtime', 'stub'],
  ...['--enable', 'simd,threads'],
  ...['--importMemory', '--sharedMemory'],
  // The host decides how much of it to start with; the maximum is 4 GiB.
  ...['--initialMemory', '1', '--maximumMemory', '65536'],
];

const files = readdirSync(sources).sort();
const hash = createHash('sha256').update(options.join(' ')).update(asc.version);
for (const file of files) hash.update(file).update(readFileSync(join(sources, file)));
const stamp = `// sources: ${hash.digest('hex')}`;

if (readBinary().startsWith(stamp)) {
  console.log('wasm kernels: up to date');
} else {
  const binary = await compile();
  writeFileSync(target, `${stamp}\nexport const binary =\n  '${Buffer.from(binary).toString('base64')}';\n`);
  console.log(`wasm kernels: ${binary.length} bytes`);
}

function readBinary(): string {
  try {
    return readFileSync(target, 'utf8');
  } catch {
    return '';
  }
}

async function compile(): Promise<Uint8Array> {
  let binary: Uint8Array | null = null;
  const { error, stderr } = await asc.main(['index.ts', '--outFile', 'kernels.wasm', ...options], {
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
