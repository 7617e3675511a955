import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { InputError } from '../../src/errors.ts';
import { parseSafetensors, type SafetensorsFile, serializeSafetensors, type TensorData } from '../../src/io/index.ts';
import { convertAdapter, loadRun, openAdapter, readRun, readStoppedRun } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { useBackend } from '../support/on-backend.ts';
import { stoppedRun, tinyRun } from '../support/tiny-run.ts';

const test = suite('training: files of runs');
useBackend(test, 'wasm');

type Json = Record<string, unknown>;
const path = (folder: string, name: string) => join(folder, name);
const readJson = (folder: string, name: string): Json => JSON.parse(readFileSync(path(folder, name), 'utf8'));

/** The object with one field changed, named by its path; undefined takes it out. */
function changed(json: Json, keys: string, value: unknown): Json {
  const copy = structuredClone(json);
  const names = keys.split('.');
  const last = names.pop() ?? '';
  const owner = names.reduce<Json>((at, key) => at[key] as Json, copy);
  if (value === undefined) delete owner[last];
  else owner[last] = value;
  return copy;
}

const messageOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.message;
  }
  assert.fail('no error');
};

/** The tensors of a file. */
const tensorsOf = (file: SafetensorsFile): TensorData[] =>
  file.names().map((name) => ({ name, ...file.info(name), data: file.readRaw(name) }));

/** Rewrites the tensors of a file. */
function rewrite(file: string, change: (tensor: TensorData) => TensorData): void {
  const before = parseSafetensors(readFileSync(file), file);
  writeFileSync(file, serializeSafetensors(tensorsOf(before).map(change), before.metadata));
}

/** The tensor with another first number. */
const withFirst =
  (which: RegExp, value: number) =>
  (tensor: TensorData): TensorData => {
    if (!which.test(tensor.name)) return tensor;
    const bytes = Uint8Array.from(tensor.data as Uint8Array);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return { ...tensor, dtype: 'F32', data: bytes } as TensorData;
  };

const finished = temporaryFolder();
const run = join(finished, 'run');

test('what does not fit the schema of sparse-adapter.json is one line that names file and field', async () => {
  await tinyRun(run);
  const config = readJson(run, 'sparse-adapter.json');
  const cases: [string, unknown, RegExp][] = [
    ['settings.epochs', '3', /settings\.epochs must be a whole number from 0 to 1000000, not "3"/],
    ['settings.epoch', 3, /settings\.epoch is no known field/],
    [
      'settings.batchSize',
      { tokens: 0.5 },
      /settings\.batchSize must be a whole number above 0, not \{"tokens": 0\.5\}/,
    ],
    ['settings.learningRate', undefined, /settings\.learningRate is missing; it must be a number, 0 or more/],
    ['settings.cacheFrozenLayers', 'false', /settings\.cacheFrozenLayers must be true or false, not "false"/],
    ['settings.adapter.activation', undefined, /settings\.adapter\.activation is missing; it must be one of/],
    [
      'settings.adapter.kind',
      'toString',
      /settings\.adapter\.kind must be one of bitfit, bottleneck, full, fusion, houlsby/,
    ],
    [
      'settings.adapter.scale',
      null,
      /settings\.adapter\.scale must be a number above 0, 'learned' or 'channel', not null/,
    ],
    ['settings.adapter.rank', 2, /settings\.adapter\.rank is no known field/],
    ['settings.pruning', 'lottery', /settings\.pruning must be one of none, random/],
    ['settings.sparsity', 1.5, /settings\.sparsity must be in \[0, 1\)/],
    ['settings.task', 'csv', /settings\.task must be one of text-classification/],
    ['settings.text', 3, /settings\.text must be a column, or two columns with a comma between them, not 3/],
    ['settings.data', { kind: 'table' }, /settings\.data must be a text, not \{"kind": "table"\}/],
    ['settings.backend', 'cuda', /settings\.backend must be one of wasm, reference, gpu/],
    ['settings', [], /settings must be an object, not \[\]/],
    ['labels', 'negative', /labels must be a list, not "negative"/],
    ['pruning.kept', 1, /pruning must be a report whose layers add up/],
    ['metrics', ['accuracy', 'acc'], /metrics\[1\] must be one of accuracy, f1, .*, not "acc"/],
    ['versions', { a: 1 }, /versions\.a must be a text, not 1/],
    ['future', true, /future is no known field\. .*use the version of sparse-adapter that wrote it/],
    ['format_version', 2, /format_version 2 is not 1; use the version/],
    ['format_version', '1', /format_version "1" is not 1/],
  ];
  for (const [keys, value, message] of cases) {
    const folder = join(temporaryFolder(), 'damaged');
    await convertAdapter(run, folder, { to: 'sparse' });
    writeFileSync(path(folder, 'sparse-adapter.json'), JSON.stringify(changed(config, keys, value)));
    const line = messageOf(() => loadRun(folder));
    assert.match(line, message);
    assert.ok(line.startsWith(path(folder, 'sparse-adapter.json')), line);
  }
});

test('metrics and headers of checkpoints are checked too', async () => {
  const folder = join(temporaryFolder(), 'run');
  await tinyRun(folder);
  const metrics = readJson(folder, 'metrics.json');
  for (const [keys, value, message] of [
    ['metrics.accuracy', '0.5', /metrics\.accuracy must be a finite number, not "0\.5"/],
    ['metrics.acc', 0.5, /metrics\.acc is no known field\. Known here: accuracy, /],
    ['history.0.metrics.acc', 0.5, /history\[0\]\.metrics\.acc is no known field/],
    ['trained_parameters', undefined, /trained_parameters is missing; it must be an object/],
    ['seconds.training', -1, /seconds\.training must be a number, 0 or more, not -1/],
    ['history', {}, /history must be a list, not \{\}/],
  ] as const) {
    writeFileSync(path(folder, 'metrics.json'), JSON.stringify(changed(metrics, keys, value)));
    assert.match(
      messageOf(() => readRun(folder)),
      message,
    );
  }

  const stopped = join(temporaryFolder(), 'stopped');
  await stoppedRun(stopped, 2);
  const file = path(stopped, 'checkpoint.safetensors');
  const { metadata, ...whole } = (() => {
    const parsed = parseSafetensors(readFileSync(file), file);
    return { metadata: parsed.metadata, tensors: tensorsOf(parsed) };
  })();
  const header = JSON.parse(metadata.run);
  const write = (run: string) => writeFileSync(file, serializeSafetensors(whole.tensors, { ...metadata, run }));
  for (const [keys, value, message] of [
    ['step', 'two', /checkpoint\.safetensors: run: step must be a whole number, 0 or more, not "two"/],
    ['step', 1, /one loss per step/],
    ['losses', [null, 1], /run: losses\[0\] must be a finite number, not null/],
    ['settings.seed', undefined, /run: settings\.seed is missing/],
    ['extra', 1, /run: extra is no known field/],
  ] as const) {
    write(JSON.stringify(changed(header, keys, value)));
    assert.match(
      messageOf(() => readStoppedRun(stopped)),
      message,
    );
  }
  write('{');
  assert.match(
    messageOf(() => readStoppedRun(stopped)),
    /run is not valid JSON/,
  );
});

test('weights that are no numbers are refused by name, of a run and of a checkpoint', async () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    for (const which of [/down_proj\.weight\.values|adapter_down.*values/, /up.*bias/, /classifier\.weight/]) {
      const folder = join(temporaryFolder(), 'run');
      await convertAdapter(run, folder, { to: 'sparse' });
      rewrite(path(folder, 'adapter.safetensors'), withFirst(which, value));
      assert.match(
        messageOf(() => loadRun(folder)),
        new RegExp(`adapter\\.safetensors: tensor ".*" holds ${value} at position 0`),
      );
    }
  }
});

test('weights of PEFT and AdapterHub that are no numbers are refused by name, those of the head too', async () => {
  for (const [to, files] of [['adapterhub', ['adapter.safetensors', 'model_head.safetensors']]] as const) {
    const folder = join(temporaryFolder(), to);
    await convertAdapter(run, folder, { to });
    for (const name of files) {
      const file = path(folder, name);
      const before = readFileSync(file);
      rewrite(file, withFirst(/./, Number.NaN));
      assert.match(
        messageOf(() => openAdapter(folder)),
        /tensor ".*" holds NaN at position 0/,
      );
      writeFileSync(file, before);
    }
  }
});

test('a run whose weights were replaced tells neither their scores nor their sparsity', async () => {
  const { config, metrics, warnings } = readRun(run);
  assert.deepEqual(warnings, []);
  assert.ok(metrics.metrics && config.pruning);
  assert.deepEqual(loadRun(run).model.warnings, []);

  const folder = join(temporaryFolder(), 'run');
  await convertAdapter(run, folder, { to: 'sparse' });
  assert.deepEqual(readRun(folder).metrics.metrics, metrics.metrics);
  rewrite(path(folder, 'adapter.safetensors'), withFirst(/bias/, 0.25));
  const stale = readRun(folder);
  assert.equal(stale.metrics.metrics, null);
  assert.deepEqual(stale.metrics.history, []);
  assert.match(
    stale.warnings.join(),
    /are not those of the run: its metrics and its sparsity are not of these weights/,
  );
  assert.match(loadRun(folder).model.warnings.join(), /are not those of the run/);
  // The masks are as they were, so the counts are too.
  assert.equal(stale.config.pruning?.kept, config.pruning.kept);
  assert.deepEqual(stale.metrics.trained_parameters, metrics.trained_parameters);
});

test('metrics of another run are told from its own', async () => {
  const [folder, other] = [join(temporaryFolder(), 'run'), join(temporaryFolder(), 'other')];
  await convertAdapter(run, folder, { to: 'sparse' });
  await tinyRun(other, { settings: { ...readRun(run).config.settings, seed: 7 } });
  writeFileSync(path(folder, 'metrics.json'), readFileSync(path(other, 'metrics.json')));
  assert.equal(readRun(folder).metrics.metrics, null);
});

test('a run of an earlier version is read, with a line that it cannot tell', async () => {
  const folder = join(temporaryFolder(), 'run');
  await convertAdapter(run, folder, { to: 'sparse' });
  for (const name of ['sparse-adapter.json', 'metrics.json']) {
    const { fingerprint: _, ...rest } = readJson(folder, name);
    writeFileSync(path(folder, name), JSON.stringify(rest));
  }
  const { metrics, warnings } = readRun(folder);
  assert.ok(metrics.metrics);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /earlier version and does not say of which weights/);
});

test('an adapter that was trained on elsewhere does not come back with its old scores', async () => {
  const folder = join(temporaryFolder(), 'hub');
  await convertAdapter(run, folder, { to: 'adapterhub' });
  const before = openAdapter(folder);
  assert.deepEqual(before.metrics.metrics, readRun(run).metrics.metrics);
  assert.deepEqual(before.warnings, []);

  rewrite(path(folder, 'model_head.safetensors'), withFirst(/bias/, 0.5));
  const after = openAdapter(folder);
  assert.equal(after.metrics.metrics, null);
  assert.match(after.warnings.join(), /model_head\.safetensors does not hold the weights that .* tells of/);
  assert.equal(after.config.pruning?.kept, before.config.pruning?.kept);

  // Trained without the mask: no weight is 0 any more.
  rewrite(path(folder, 'adapter.safetensors'), (tensor) => {
    const values = new Float32Array((tensor.data as Uint8Array).slice().buffer).map((value) => value || 0.125);
    return { ...tensor, dtype: 'F32', data: values };
  });
  const dense = openAdapter(folder);
  assert.equal(dense.config.pruning?.total, dense.config.pruning?.kept);
  assert.equal(dense.config.settings.pruning, 'none');
});

test.run();
