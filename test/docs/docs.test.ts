import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { suite } from 'uvu';
import { allOptions, checkCommands, optionsIn } from './commands.ts';
import { checkDockerfile } from './dockerfile.ts';
import { anchorsOf, type CodeBlock, linksIn, pathsIn, readDocument, stepsOf } from './markdown.ts';
import { type Finished, Project, repository, typeCheck } from './project.ts';

const chapters = readdirSync(join(repository, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md'))
  .map((path) => `docs/${path}`);
const documents = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...chapters.sort()].map((path) =>
  readDocument(repository, path),
);
const test = suite('docs');

/** The output that the comments after and below `console.log(...)` state. */
function statedOutput(lines: readonly string[]): string[] {
  const stated: string[] = [];
  let prints = false;
  for (const line of lines) {
    prints = line.includes('console.log(') || (prints && line.startsWith('// '));
    const comment = prints ? line.split('// ')[1] : undefined;
    if (comment !== undefined) stated.push(comment);
  }
  return stated;
}

function assertSucceeded({ status, stderr }: Finished): void {
  assert.equal(status, 0, stderr);
}

/** `...` in the stated text stands for anything. */
function assertMatches(printed: string, stated: string): void {
  const pattern = stated.split('...').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  assert.match(printed.trim(), new RegExp(`^${pattern.join('[^]*?')}$`));
}

interface Context {
  readonly project: Project;
  /** The output of the last `sh` block. */
  printed: string;
}
type Check = (block: CodeBlock, text: string, context: Context) => void;

const writeFile: Check = ({ value }, text, { project }) => project.write(value, `${text}\n`);

/** The check of each kind of block; docs/README.md tells the reader. */
const checks: Record<string, Check> = {
  ts: ({ place, lines }, text, { project }) => {
    const file = `line-${place.split(':')[1]}.ts`;
    project.write(file, `${text}\n`);
    const finished = project.node(file);
    assertSucceeded(finished);
    assert.equal(finished.stdout.trimEnd(), statedOutput(lines).join('\n'));
  },
  'ts source=': ({ value }, text) => {
    assert.ok(readFileSync(join(repository, value), 'utf8').includes(text), `it does not stand in ${value}`);
  },
  'csv title=': writeFile,
  'json title=': writeFile,
  'js title=': writeFile,
  'jsonl title=': writeFile,
  'txt title=': writeFile,
  'dockerfile title=': (block, text, context) => {
    writeFile(block, text, context);
    checkDockerfile(text, context.project.folder);
  },
  sh: (_block, text, context) => {
    checkCommands(text, { npm: false });
    const finished = context.project.shell(text);
    assertSucceeded(finished);
    context.printed = finished.stdout;
  },
  'sh no-run': (_block, text) => checkCommands(text, { npm: true }),
  output: (_block, text, { printed }) => assertMatches(printed, text),
  math: (_block, text) => {
    const count = (pattern: RegExp) => text.match(pattern)?.length ?? 0;
    assert.equal(count(/(?<!\\)\{/g), count(/(?<!\\)\}/g), 'braces');
    assert.equal(count(/\\left\b/g), count(/\\right\b/g), '\\left and \\right');
    assert.equal(count(/\\begin\{/g), count(/\\end\{/g), '\\begin and \\end');
  },
  tree: ({ lines }) => {
    for (const line of lines) assert.ok(existsSync(join(repository, line.split(' ')[0])), `${line} is not there`);
  },
};

for (const document of documents) {
  const context = { project: new Project(document.path.replaceAll('/', '-').replace('.md', '')), printed: '' };
  for (const block of stepsOf(document)) {
    test(`${block.place} ${block.kind}${block.value}`, () => {
      const check = checks[block.kind];
      assert.ok(check, `code block of unknown kind '${block.kind}'; docs/README.md lists the kinds`);
      check(block, block.lines.join('\n'), context);
    });
  }

  test(`${document.path} links to what is there`, () => {
    for (const target of document.prose.flatMap(linksIn).filter((link) => !/^https?:/.test(link))) {
      const [file, anchor] = target.split('#');
      const path = file === '' ? document.path : normalize(join(dirname(document.path), file));
      assert.ok(existsSync(join(repository, path)), `${target} is not there`);
      if (anchor) assert.ok(anchorsOf(readDocument(repository, path)).includes(anchor), `${target} is no heading`);
    }
    for (const path of document.prose.flatMap(pathsIn)) {
      assert.ok(existsSync(join(repository, path)), `${path} is not there`);
    }
  });
}

test('sections of the README are short', () => {
  const sections = readFileSync(join(repository, 'README.md'), 'utf8').split(/^## /m).slice(1);
  assert.ok(sections.length > 8);
  for (const section of sections) {
    const [title, ...lines] = section.split('\n').filter((line) => line.trim() !== '');
    assert.ok(lines.length <= 15, `'${title}' has ${lines.length} lines`);
  }
});

test('the first program of the README trains and predicts in six lines', () => {
  const [first] = readDocument(repository, 'README.md').blocks;
  assert.equal(first.kind, 'ts');
  assert.ok(first.lines.length <= 6 && first.lines.join().includes('predict('));
});

test('scripts of npm that prose and workflows name are there', () => {
  const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  const workflows = readdirSync(join(repository, '.github', 'workflows')).map((name) => `.github/workflows/${name}`);
  const texts = [
    ...documents.map(({ path, prose }) => [path, prose.join('\n')]),
    ...[...workflows, '.ci/run'].map((path) => [path, readFileSync(join(repository, path), 'utf8')]),
  ];
  for (const [path, text] of texts) {
    for (const [, name] of text.matchAll(/npm run ([\w:]+)/g)) {
      assert.ok(Object.hasOwn(scripts, name), `${path}: package.json has no script ${name}`);
    }
  }
});

test('the programs of all documents type-check', () => {
  const { status, stdout } = typeCheck();
  assert.equal(status, 0, stdout);
});

test('docs/commands.md names every option of every command, and no other', () => {
  const { blocks, prose } = readDocument(repository, 'docs/commands.md');
  const text = [...prose, ...blocks.filter(({ kind }) => kind.startsWith('sh')).flatMap(({ lines }) => lines)].join(
    '\n',
  );
  assert.deepEqual(optionsIn(text), allOptions());
});

test.run();
