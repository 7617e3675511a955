/** Installs what test/peers/package-lock.json names, unless that is there: several commands ask for it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = import.meta.dirname;
const wanted = readFileSync(join(folder, 'package-lock.json'), 'utf8');
const mark = join(folder, 'node_modules', '.installed');
if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) {
  console.log('test/peers: up to date');
} else {
  // What ONNX Runtime would fetch beside its package is for graphics cards.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  execFileSync('npm', ['ci', '--prefix', folder], { env, stdio: 'inherit', shell: process.platform === 'win32' });
  writeFileSync(mark, wanted);
}
