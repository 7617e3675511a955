import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { AdapterSettings } from '../../src/adapters/index.ts';
import { encodeExamples, readExamples } from '../../src/data/index.ts';
import { Random } from '../../src/index.ts';
import { type AnyClassifier, loadClassifier } from '../../src/models/index.ts';
import type { Tokenizer } from '../../src/text/index.ts';
import {
  classification,
  convertAdapter,
  evaluateRun,
  fusedAdapters,
  type GivenSettings,
  loadRun,
  openAdapter,
  type Prediction,
  predict,
  readRunConfig,
  tokenizerOf,
} from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { snapshot } from '../support/command.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { tinyBert, tinyFolder } from '../support/tiny-model.ts';
import { dense, reviewData, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: convert');
useBackend(test, 'wasm');

const place = (name = 'run'): string => join(temporaryFolder(), name);
/** Without the report: texts of the evaluation data do not leave the run. */
const filesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => !name.startsWith('report.'))
      .map((name) => [name, readFileSync(join(folder, name), 'latin1')]),
  );

interface Classifier {
  readonly network: AnyClassifier;
  readonly tokenizer: Tokenizer;
}

const classifierOf = (run: string): Classifier => loadRun(run, { task: classification }).model;

async function predictions({ network, tokenizer }: Classifier): Promise<Prediction[]> {
  const { evalData, text } = tinySettings;
  const { examples } = await readExamples(evalData, { text });
  return predict(network, encodeExamples(examples, tokenizer, 16));
}

async function finishedRun(changes: GivenSettings = {}): Promise<string> {
  const output = place();
  assert.equal((await tinyRun(output, { settings: { ...tinySettings, ...changes } })).status, 'finished');
  return output;
}

const lora: AdapterSettings = { kind: 'lora', rank: 2, alpha: 4 };
const cases: { to: 'peft' | 'adapterhub'; name: string; changes: GivenSettings }[] = [
  { to: 'adapterhub', name: 'a pruned Houlsby adapter', changes: {} },
  {
    to: 'adapterhub',
    name: 'a dense Pfeiffer adapter',
    changes: { adapter: { kind: 'pfeiffer', bottleneck: 3 }, ...dense },
  },
  { to: 'adapterhub', name: 'regression with a mean head', changes: { ...reviewData('score'), pooling: 'mean' } },
  {
    to: 'adapterhub',
    name: "the authors' form",
    changes: { adapter: { kind: 'houlsby', bottleneck: 4, form: 'sparse-adapter' } },
  },
  { to: 'adapterhub', name: 'a pruned LoRA', changes: { adapter: lora } },
  {
    to: 'adapterhub',
    name: 'a pruned prefix with its network',
    changes: { adapter: { kind: 'prefix', prefixLength: 3, prefixBottleneck: 4 } },
  },
  {
    to: 'adapterhub',
    name: 'a pruned Mix-And-Match adapter',
    changes: { adapter: { kind: 'mam', bottleneck: 3, scale: 'learned', prefixLength: 2, prefixFlat: true } },
  },
  {
    to: 'peft',
    name: 'a flat prefix',
    changes: { adapter: { kind: 'prefix', prefixLength: 3, prefixFlat: true } },
  },
  { to: 'peft', name: 'a pruned LoRA', changes: { adapter: lora } },
  { to: 'peft', name: 'a dense LoRA', changes: { adapter: lora, ...dense } },
];

for (const { to, name, changes } of cases) {
  onEveryBackend(test, `${name} to ${to} and back is the same run, file for file`, async () => {
    const run = await finishedRun(changes);
    const there = place();
    const { warnings } = await convertAdapter(run, there, { to });
    const { adapter = 'houlsby' } = changes;
    const kind = typeof adapter === 'string' ? adapter : adapter.kind;
    const isPrefix = to === 'peft' && kind === 'prefix';
    // PEFT's files name no classes, so a line does.
    const told = warnings.filter((warning) => warning.includes('id2label={"0":'));
    assert.equal(told.length, Number(to === 'peft'));
    // Of its positions, and of the versions of Python's library that run it.
    assert.equal(warnings.length - told.length, Number(changes.pooling === 'mean') + 2 * Number(isPrefix));
    const back = place();
    await convertAdapter(there, back, { to: 'sparse' });
    assert.deepEqual(filesOf(back), filesOf(run));
  });
}

onEveryBackend(test, 'a fusion to adapterhub and back is the same run, file for file', async () => {
  const runs = [];
  for (const name of ['a', 'b']) {
    const adapter = { kind: 'pfeiffer', bottleneck: 3 };
    runs.push({ name, run: await finishedRun({ adapter, ...(name === 'b' && dense) }) });
  }
  const fused = fusedAdapters(runs, tinySettings.model);
  const run = await finishedRun({ adapter: { kind: 'fusion', adapters: ['a', 'b'] }, fused });
  const [there, back, elsewhere] = [place(), place(), place()];
  await convertAdapter(run, there, { to: 'adapterhub' });
  const files = ['a', 'adapter_fusion_config.json', 'b', 'head_config.json', 'model_adapter_fusion.safetensors'];
  assert.deepEqual(readdirSync(there).toSorted(), [...files, 'model_head.safetensors', 'sparse-adapter-run.json']);
  assert.deepEqual(readdirSync(join(there, 'a')).toSorted(), ['adapter.safetensors', 'adapter_config.json']);
  await convertAdapter(there, back, { to: 'sparse' });
  assert.deepEqual(filesOf(back), filesOf(run));

  rmSync(join(there, 'sparse-adapter-run.json'));
  await convertAdapter(there, elsewhere, { to: 'sparse', maxLength: 16 });
  assert.deepEqual(await predictions(classifierOf(elsewhere)), await predictions(classifierOf(run)));
  rmSync(join(there, 'b'), { recursive: true });
  await assertRejectsInput(() => convertAdapter(there, place(), { to: 'sparse' }), /b.adapter_config\.json/);
});

/** A folder without what no other library writes. */
async function foreign(changes: GivenSettings, to: 'peft' | 'adapterhub'): Promise<string> {
  const folder = place();
  await convertAdapter(await finishedRun(changes), folder, { to });
  rmSync(join(folder, 'sparse-adapter-run.json'));
  return folder;
}

onEveryBackend(test, 'an adapter from elsewhere predicts as it did there', async () => {
  const run = await finishedRun({ adapter: lora });
  const there = place();
  await convertAdapter(run, there, { to: 'peft', backboneName: 'somewhere/bert' });
  rmSync(join(there, 'sparse-adapter-run.json'));
  const own = place();
  const { model } = tinySettings;
  const { warnings } = await convertAdapter(there, own, { to: 'sparse', model });
  assert.match(warnings.join(), /does not name its classes: they are LABEL_0, LABEL_1; name them with --labels/);
  const loaded = loadRun(own, { task: classification });
  assert.deepEqual(await predictions(loaded.model), await predictions(classifierOf(run)));
  assert.deepEqual(loaded.run.labels, ['LABEL_0', 'LABEL_1']);
  // 40 % were pruned, which shows in the zeros.
  assert.deepEqual(loaded.run.pruning, readRunConfig(run).pruning);

  const named = place();
  await convertAdapter(there, named, { to: 'sparse', model, labels: ['negative', 'positive'], maxLength: 16 });
  assert.equal(readRunConfig(named).settings.maxLength, 16);
  await assertRejectsInput(() => evaluateRun(named), /was trained without evaluation data; give some with --data/);
  const again = await evaluateRun(named, { settings: { ...readRunConfig(named).settings, ...reviewData() } });
  assert.deepEqual(again.metrics, (await evaluateRun(run)).metrics);
});

onEveryBackend(test, 'PEFT gets a prefix without its network, which predicts the same', async () => {
  const run = await finishedRun({ adapter: { kind: 'prefix', prefixLength: 3, prefixBottleneck: 4 } });
  const [there, back] = [place(), place()];
  await convertAdapter(run, there, { to: 'peft' });
  await convertAdapter(there, back, { to: 'sparse' });
  const { settings, pruning } = readRunConfig(back);
  assert.deepEqual([settings.adapter.prefixFlat, settings.pruning, pruning], [true, 'none', null]);
  const [got, expected] = [await predictions(classifierOf(back)), await predictions(classifierOf(run))];
  got.forEach(({ logits }, i) => {
    assert.deepEqual(logits, expected[i].logits);
  });
});

test("AdapterHub's files name the classes", async () => {
  const own = place();
  const { warnings } = await convertAdapter(await foreign({}, 'adapterhub'), own, { to: 'sparse' });
  assert.deepEqual([warnings, readRunConfig(own).labels], [[], ['negative', 'positive']]);
  const regression = place();
  await convertAdapter(await foreign({ ...reviewData('score') }, 'adapterhub'), regression, { to: 'sparse' });
  assert.equal(readRunConfig(regression).labels, null);
});

test('of what was trained further elsewhere the settings are those of the files', async () => {
  const there = place();
  await convertAdapter(await finishedRun({ adapter: lora }), there, { to: 'peft' });
  const path = join(there, 'adapter_config.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"lora_alpha": 4', '"lora_alpha": 6'));
  const { config } = openAdapter(there);
  assert.deepEqual([config.settings.adapter.alpha, config.labels], [6, ['negative', 'positive']]);
});

test('at 80 % sparsity the sparse file is at most 30 % of the dense one', async () => {
  const adapter = { kind: 'houlsby', bottleneck: 256 };
  const run = await finishedRun({
    adapter,
    pruning: 'random',
    sparsity: 0.8,
    pruningExamples: undefined,
  });
  const there = place();
  await convertAdapter(run, there, { to: 'adapterhub' });
  const size = (folder: string, name: string) => statSync(join(folder, name)).size;
  const dense = size(there, 'adapter.safetensors') + size(there, 'model_head.safetensors');
  const sparse = size(run, 'adapter.safetensors');
  assert.ok(sparse <= 0.3 * dense, `${sparse} of ${dense} bytes`);
});

onEveryBackend(test, 'a merged LoRA and full fine-tuning are plain checkpoints', async () => {
  const settings = [{ adapter: lora }, { adapter: { kind: 'full' }, ...dense }];
  for (const changes of settings) {
    const run = await finishedRun(changes);
    const output = place();
    await convertAdapter(run, output, { to: 'huggingface' });
    assert.deepEqual(readdirSync(output).toSorted(), [
      ...['config.json', 'model.safetensors', 'tokenizer_config.json', 'vocab.txt'],
    ]);
    const config = JSON.parse(readFileSync(join(output, 'config.json'), 'utf8'));
    assert.deepEqual(config.architectures, ['BertForSequenceClassification']);
    assert.deepEqual(config.id2label, { 0: 'negative', 1: 'positive' });
    assert.deepEqual(config.label2id, { negative: 0, positive: 1 });
    assert.equal(config.problem_type, 'single_label_classification');

    const loaded = loadClassifier(output, new Random(0));
    assert.deepEqual([loaded.ignored, loaded.initialized, loaded.model.labels], [[], [], ['negative', 'positive']]);
    const [got, expected] = [
      await predictions({ network: loaded.model, tokenizer: tokenizerOf(loaded) }),
      await predictions(classifierOf(run)),
    ];
    got.forEach(({ logits }, i) => {
      logits.forEach((logit, j) => {
        assert.ok(Math.abs(logit - expected[i].logits[j]) < 1e-4, `${logit} ${expected[i].logits[j]}`);
      });
    });
    // The new checkpoint is a backbone like any other.
    assert.equal((await tinyRun(place(), { settings: { ...tinySettings, model: output } })).status, 'finished');
  }
});

test('a checkpoint for regression has one label', async () => {
  const output = place();
  const run = await finishedRun({ adapter: lora, ...reviewData('score') });
  await convertAdapter(run, output, { to: 'huggingface' });
  const config = JSON.parse(readFileSync(join(output, 'config.json'), 'utf8'));
  assert.deepEqual([config.id2label, config.problem_type], [{ 0: 'LABEL_0' }, 'regression']);
  assert.equal(loadClassifier(output, new Random(0)).model.labels, null);
});

test('a merged checkpoint of a backbone in halves says that it is in float32', async () => {
  const config = { ...tinyBert, dtype: 'float16', torch_dtype: 'float16' };
  const run = await finishedRun({ model: tinyFolder({ config }), adapter: lora });
  const output = place();
  await convertAdapter(run, output, { to: 'huggingface' });
  const { dtype, torch_dtype } = JSON.parse(readFileSync(join(output, 'config.json'), 'utf8'));
  assert.deepEqual([dtype, torch_dtype], ['float32', 'float32']);
});

test('class names that are given must not contradict those of the files', async () => {
  const hub = await foreign({}, 'adapterhub');
  const opened = (labels: readonly string[]) => convertAdapter(hub, place(), { to: 'sparse', labels });
  await opened(['negative', 'positive']);
  await assertRejectsInput(
    () => opened(['positive', 'negative']),
    /its head names the classes negative, positive, --labels \(labels\) names positive, negative; leave the option out/,
  );
  await assertRejectsInput(() => opened(['bad', 'good']), /its head names the classes negative, positive/);
  const peft = await foreign({ adapter: lora }, 'peft');
  await convertAdapter(peft, place(), { to: 'sparse', labels: ['bad', 'good'] });
});

test('what cannot be converted is an error, and nothing is written', async () => {
  const houlsby = await finishedRun();
  const pooled = await finishedRun({ adapter: lora, pooling: 'mean' });
  const peft = await foreign({ adapter: lora }, 'peft');
  const headless = await foreign({}, 'adapterhub');
  for (const name of ['head_config.json', 'model_head.safetensors']) rmSync(join(headless, name));
  const unnamed = await foreign({ adapter: lora }, 'peft');
  const config = join(unnamed, 'adapter_config.json');
  const { base_model_name_or_path: _, ...rest } = JSON.parse(readFileSync(config, 'utf8'));
  writeFileSync(config, JSON.stringify(rest));
  const moved = temporaryFolder({
    'adapter_config.json': JSON.stringify({ ...rest, base_model_name_or_path: 'nowhere/bert' }),
    'adapter_model.safetensors': readFileSync(join(peft, 'adapter_model.safetensors')),
  });
  const broken = place();
  await convertAdapter(houlsby, broken, { to: 'adapterhub' });
  writeFileSync(join(broken, 'sparse-adapter-run.json'), '{}');
  const occupied = temporaryFolder({ 'thesis.tex': 'x' });

  const output = place();
  const failures: [() => Promise<unknown>, RegExp][] = [
    [
      () => convertAdapter(houlsby, output, { to: 'peft' }),
      /PEFT has no adapter of the kind 'houlsby'; write it as adapterhub/,
    ],
    [() => convertAdapter(houlsby, output, { to: 'huggingface' }), /cannot be merged/],
    [() => convertAdapter(pooled, output, { to: 'huggingface' }), /the mean of all tokens.*--pooling cls/],
    [
      () => convertAdapter(houlsby, output, { to: 'adapterhub', labels: ['a', 'b'] }),
      /is a run, which has labels of its own/,
    ],
    [() => convertAdapter(headless, output, { to: 'sparse' }), /has no task head, and neither has the backbone/],
    [() => convertAdapter(unnamed, output, { to: 'sparse' }), /does not name its backbone; give it with --model/],
    [
      () => convertAdapter(moved, output, { to: 'sparse' }),
      /is for the backbone nowhere\/bert: .* Give its place with --model/,
    ],
    [
      () => convertAdapter(peft, output, { to: 'sparse', labels: ['a', 'b', 'c'] }),
      /--labels \(labels\) names 3 classes, its head has 2 outputs; name as many/,
    ],
    [() => convertAdapter(broken, output, { to: 'sparse' }), /sparse-adapter-run\.json: config is missing/],
    [
      () => convertAdapter(occupied, output, { to: 'sparse' }),
      /holds no adapter: there is neither sparse-adapter\.json/,
    ],
    [
      () => convertAdapter(houlsby, occupied, { to: 'adapterhub', overwrite: true }),
      /holds "thesis\.tex", which is not/,
    ],
  ];
  for (const [action, message] of failures) {
    await assertRejectsInput(action, message);
    assert.ok(!existsSync(output));
  }
  assert.deepEqual(readdirSync(occupied), ['thesis.tex']);
});

test('an earlier output is replaced only when asked', async () => {
  const run = await finishedRun({ adapter: lora });
  const output = place();
  await convertAdapter(run, output, { to: 'peft' });
  const before = snapshot(output);
  await assertRejectsInput(
    () => convertAdapter(run, output, { to: 'adapterhub' }),
    /holds an earlier output.*--overwrite/,
  );
  assert.deepEqual(snapshot(output), before);
  await convertAdapter(run, output, { to: 'adapterhub', name: 'mood', overwrite: true });
  assert.ok(!existsSync(join(output, 'adapter_model.safetensors')));
  assert.equal(JSON.parse(readFileSync(join(output, 'adapter_config.json'), 'utf8')).name, 'mood');
});

for (const layeredHead of [
  { layers: 2, activation: 'tanh', bias: true, pooler: false },
  { layers: 2, activation: 'relu', bias: false, pooler: false },
] as const) {
  test(`a head of layers is trained, and goes to AdapterHub and back: ${JSON.stringify(layeredHead)}`, async () => {
    const run = await finishedRun({ layeredHead });
    const before = await predictions(classifierOf(run));
    const [hub, again] = [place('hub'), place('again')];
    await convertAdapter(run, hub, { to: 'adapterhub' });
    await convertAdapter(hub, again, { to: 'sparse' });
    assert.deepEqual(await predictions(classifierOf(again)), before);
    for (const to of ['peft', 'huggingface'] as const) {
      await assertRejectsInput(
        () => convertAdapter(run, place(to), { to }),
        /The head is one of AdapterHub's \(layeredHead\)/,
      );
    }
  });
}

test.run();
