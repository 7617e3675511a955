import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import { mismatch, readJson } from './framework.ts';

const test = suite('golden: runner');

interface Output {
  readonly code: number | string;
  readonly lines: string[];
}

/** The output of the runner for the golden folder that `fill` makes. */
async function run(fill: (folder: string) => void, ...named: string[]): Promise<Output> {
  const folder = mkdtempSync(join(tmpdir(), 'golden-'));
  try {
    fill(folder);
    return await new Promise((resolve) => {
      const env = { ...process.env, GOLDEN_DIR: folder };
      execFile(process.execPath, [join(import.meta.dirname, 'run.ts'), ...named], { env }, (error, stdout) => {
        resolve({ code: error?.code ?? 0, lines: stdout.trimEnd().split('\n') });
      });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type OpCase = Record<string, unknown> & { id: string; output: object };

/** A golden folder with the first two cases of ops.json, the second one changed. */
function opsWith(change: (golden: OpCase) => object): (folder: string) => void {
  return (folder) => {
    const ops = join(folder, 'ops');
    mkdirSync(ops);
    const own = join(import.meta.dirname, 'data', 'ops');
    cpSync(join(own, 'ops.safetensors'), join(ops, 'ops.safetensors'));
    const [first, second] = readJson<{ cases: OpCase[] }>(own, 'ops.json').cases;
    writeFileSync(join(ops, 'ops.json'), JSON.stringify({ cases: [first, change(second)] }));
  };
}

test('cases that agree: each counts once, its tensors on every backend', async () => {
  const { code, lines } = await run(opsWith((golden) => golden));
  assert.equal(lines.at(-1), '2 cases, 48 tensors compared, 0 failed');
  assert.equal(code, 0);
});

test('a wrong number is a failure that shows it', async () => {
  const { code, lines } = await run(
    opsWith(({ output, id, ...golden }) => ({ ...golden, id, output: { ...output, tensor: `${id}/c` } })),
  );
  assert.match(
    lines[0],
    /^FAILED ops on (wasm|reference) float32: \w+: out: got [-\d.]+, expected [-\d.]+ at \d+, error [\d.]+, tolerance [\de.-]+$/,
  );
  assert.equal(lines.at(-1), '2 cases, 48 tensors compared, 1 failed');
  assert.equal(code, 1);
});

const broken: [string, (golden: OpCase) => object, RegExp][] = [
  ['a tensor that is not in the file', (c) => ({ ...c, output: { ...c.output, tensor: 'nope' } }), /no tensor "nope"/],
  ['a tolerance that is missing', (c) => ({ ...c, output: { ...c.output, tol: undefined } }), /tolerance undefined/],
  ['another shape', (c) => ({ ...c, output: { ...c.output, shape: [40] } }), /shape/],
  ['an unknown operation', (c) => ({ ...c, op: 'nope' }), /unknown operation nope/],
];
for (const [name, change, message] of broken) {
  test(`${name} is a failure`, async () => {
    const { code, lines } = await run(opsWith(change));
    assert.match(lines.join('\n'), message);
    assert.match(lines[lines.length - 1], /^\d+ cases, \d+ tensors compared, [1-9]\d* failed$/);
    assert.equal(code, 1);
  });
}

const folders: [string, (folder: string) => void, RegExp][] = [
  ['no folder', (folder) => rmSync(folder, { recursive: true }), /no such file or directory/],
  ['an empty folder', () => {}, /no case was run/],
  ['an area without cases', (folder) => mkdirSync(join(folder, 'backbones')), /FAILED backbones: .*no case was found/],
  ['an unknown area', (folder) => mkdirSync(join(folder, 'nope')), /FAILED .*nope: no area has this name/],
  ['an area with nothing in it', (folder) => mkdirSync(join(folder, 'methods')), /FAILED methods: .*no case was found/],
];
for (const [name, fill, message] of folders) {
  test(`${name} is a failure`, async () => {
    const { code, lines } = await run(fill);
    assert.match(lines.join('\n'), message);
    assert.match(lines[lines.length - 1], /^0 cases, 0 tensors compared, [1-9]\d* failed$/);
    assert.equal(code, 1);
  });
}

/** Copies a case of our own copy, with another case.json. */
function caseLike(folder: string, path: string, change: (golden: Record<string, unknown>) => object): void {
  const own = join(import.meta.dirname, 'data', path);
  cpSync(own, join(folder, path), { recursive: true });
  writeFileSync(join(folder, path, 'case.json'), JSON.stringify(change(readJson(own, 'case.json'))));
}

/** Files with several cases, and where these are. */
const rowFiles = [
  ['pruning/counts.json', 'rows'],
  ['pruning/er.json', 'cases'],
  ['pruning/ties.json', 'cases'],
  ['optim/schedules.json', 'cases'],
  ['metrics/glue.json', 'classification'],
  ['metrics/rouge.json', 'porter'],
] as const;

const unrunnable: [string, (folder: string) => void, RegExp, failed?: number][] = [
  [
    'metrics/nope.json: a file that nothing reads',
    (folder) => {
      mkdirSync(join(folder, 'metrics'));
      writeFileSync(join(folder, 'metrics', 'nope.json'), '{}');
    },
    /unknown file nope.json/,
  ],
  [
    'backbones: an architecture that is not known',
    (folder) => caseLike(folder, 'backbones/bert_model', (golden) => ({ ...golden, architecture: 'Nope' })),
    /unknown architecture Nope/,
  ],
  [
    'backbones: the weights of a case that is not there',
    (folder) => caseLike(folder, 'backbones/bert_model', () => ({ same_as: 'nope' })),
    /no such file.*nope/,
  ],
  [
    'adapters: a method that is not known',
    (folder) => {
      cpSync(join(import.meta.dirname, 'data/adapters/_backbone_bert'), join(folder, 'adapters/_backbone_bert'), {
        recursive: true,
      });
      caseLike(folder, 'adapters/bert_lora', (golden) => ({ ...golden, spec: { method: 'nope' } }));
    },
    /Unknown adapter method nope/,
  ],
  [
    'optim: a pruning that is not known',
    (folder) =>
      caseLike(folder, 'optim/train_bert_houlsby_snip40', (golden) => ({ ...golden, pruning: { kind: 'nope' } })),
    /Unknown pruning kind nope/,
  ],
  [
    'optim: a case.json that is broken',
    (folder) => {
      mkdirSync(join(folder, 'optim', 'broken'), { recursive: true });
      writeFileSync(join(folder, 'optim', 'broken', 'case.json'), '{');
    },
    /FAILED optim on \w+ float32: broken: SyntaxError/,
  ],
  [
    'pruning: a model that is not known',
    (folder) => {
      mkdirSync(join(folder, 'pruning'));
      writeFileSync(join(folder, 'pruning', 'counts.json'), JSON.stringify({ rows: [{ model: 'nope', r: 1 }] }));
    },
    /unknown model nope/,
  ],
  [
    'pruning, optim, metrics: a row that is none',
    (folder) => {
      for (const [path, key] of rowFiles) {
        const golden = readJson<Record<string, unknown[]>>(import.meta.dirname, 'data', path);
        mkdirSync(join(folder, dirname(path)), { recursive: true });
        writeFileSync(join(folder, path), JSON.stringify({ ...golden, [key]: [null, golden[key][0]] }));
      }
    },
    /counts.json, row 0: TypeError/,
    rowFiles.length,
  ],
];
for (const [name, fill, message, failed = 1] of unrunnable) {
  test(`one failed case, beside those that run: ${name}`, async () => {
    const { code, lines } = await run((folder) => {
      opsWith((golden) => golden)(folder);
      fill(folder);
    });
    assert.match(lines.join('\n'), message);
    assert.ok(lines[lines.length - 1].endsWith(` tensors compared, ${failed} failed`), lines[lines.length - 1]);
    assert.equal(code, 1);
  });
}

test('an area that is not named is not run', async () => {
  const { code, lines } = await run((folder) => {
    opsWith((golden) => golden)(folder);
    mkdirSync(join(folder, 'methods'));
  }, 'ops');
  assert.equal(lines.at(-1), '2 cases, 48 tensors compared, 0 failed');
  assert.equal(code, 0);
});

test('numbers agree within the tolerance, and NaN with NaN only', () => {
  assert.equal(mismatch([1, NaN, Infinity], [1.5, NaN, Infinity], 0.5), null);
  assert.equal(mismatch([], [], 0), null);
  for (const [got, expected] of [
    [[1], [1.6]],
    [[NaN], [1]],
    [[1], [NaN]],
    [[Infinity], [1]],
    [[Infinity], [-Infinity]],
    [[1, 2], [1]],
    [undefined, [1]],
    [[1], undefined],
  ]) {
    assert.notEqual(mismatch(got, expected, 0.5), null, `${got} and ${expected}`);
  }
  assert.match(mismatch([1, NaN, 9], [1, 2, 3], 1) ?? '', /got NaN, expected 2 at 1/);
});

test.run();
