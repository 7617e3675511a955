import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type AdapterSettings, lora } from '../../src/adapters/index.ts';
import { InputError } from '../../src/errors.ts';
import { loadAdapterFolder, readAdapterFolder } from '../../src/interchange/index.ts';
import { parseSafetensors, serializeSafetensors } from '../../src/io/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { loadedSettings, logits } from '../support/adapters.ts';
import { useBackend } from '../support/on-backend.ts';
import { trainedAdapter, writtenFolder } from '../support/portable.ts';
import { forAllAsync } from '../support/property.ts';
import { tinyClassifier } from '../support/tiny-model.ts';

const test = suite('interchange: PEFT methods with changed weights');
useBackend(test, 'reference');

interface FloatTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A folder of PEFT with another configuration or other tensors. */
async function changedFolder(
  settings: AdapterSettings,
  config: Readonly<Record<string, unknown>>,
  change: (tensor: FloatTensor) => FloatTensor | null = (tensor) => tensor,
): Promise<string> {
  const folder = await writtenFolder(trainedAdapter(settings), 'peft');
  const file = parseSafetensors(readFileSync(join(folder, 'adapter_model.safetensors')), 'adapter');
  const tensors = file
    .names()
    .map((name) => change({ name, shape: file.info(name).shape, data: file.readFloat32(name) }))
    .filter((tensor) => tensor !== null)
    .map((tensor) => ({ ...tensor, dtype: 'F32' as const }));
  const own = JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8'));
  return temporaryFolder({
    'adapter_config.json': JSON.stringify({ ...own, ...config }),
    'adapter_model.safetensors': serializeSafetensors(tensors),
  });
}

const settingsOf = (kind: string): AdapterSettings =>
  loadedSettings.find((settings) => settings.kind === kind) ?? { kind };

test('what is not supported is refused by its name', async () => {
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ['oft', { coft: true }, /constrained OFT \(coft true\) is not supported/],
    ['hra', { bias: 'all' }, /biases that are trained with HRA \(bias "all"\) are not supported/],
    ['adalora', { use_dora: true }, /DoRA \(use_dora true\) is not supported/],
    ['adalora', { rank_pattern: { 'bert.encoder.layer.0.attention.self.query.lora_E': 3 } }, /list of true and false/],
    ['loha', { r: 0 }, /loha: rank must be a whole number above 0, not 0/],
    ['lokr', { rank_pattern: { query: 'x' } }, /rank_pattern gives "query" the value "x"; it must be a number/],
    ['loha', { target_modules: ['dense'] }, /target_modules \["dense"\] does not mean.* None is left/],
  ];
  for (const [kind, config, message] of cases) {
    const folder = await changedFolder(settingsOf(kind), config);
    assertInputError(() => readAdapterFolder(folder), /adapter_config\.json/, message);
  }
});

test('normalisations that the configuration does not mean are left out, and a line names one', async () => {
  const settings = settingsOf('ln-tuning');
  const read = async (config: Readonly<Record<string, unknown>>) =>
    readAdapterFolder(await changedFolder(settings, config));
  const norms = (await read({})).settings.normModules as string[];
  const isOfAttention = (name: string) => name.endsWith('attention.output.LayerNorm');
  const cases: [config: Record<string, unknown>, isLeft: (name: string) => boolean][] = [
    [{ target_modules: ['LayerNorm'], exclude_modules: ['attention.output.LayerNorm'] }, isOfAttention],
    [{ target_modules: ['attention.output.LayerNorm'] }, (name) => !isOfAttention(name)],
    [{ target_modules: ['attention.output.LayerNorm'], modules_to_save: ['LayerNorm'] }, () => false],
    [{ target_modules: null }, () => false],
  ];
  for (const [config, isLeft] of cases) {
    const { settings: own, warnings } = await read(config);
    assert.deepEqual(
      own.normModules,
      norms.filter((name) => !isLeft(name)),
      JSON.stringify(config),
    );
    assert.equal(/LayerNorm.*, which .* not mean; they are left out/.test(warnings.join()), norms.some(isLeft));
  }
});

test('LN tuning of other layers alone is refused by its name', async () => {
  const folder = await changedFolder(settingsOf('ln-tuning'), { target_modules: ['query'] }, (tensor) =>
    tensor.name.includes('layer.0.attention.output.LayerNorm')
      ? { ...tensor, name: tensor.name.replace('output.LayerNorm', 'self.query') }
      : null,
  );
  assertInputError(
    () => readAdapterFolder(folder),
    /no layer normalisations \(target_modules \["query"\]\) is not supp/,
  );
});

test('magnitudes of DoRA and biases of LoRA that are switched off are left out, and a line says so', async () => {
  for (const [field, more] of [
    ['use_dora', { dora: true }],
    ['lora_bias', { loraBias: true }],
  ] as const) {
    const settings = lora.configure({ rank: 2, targetModules: ['query'], ...more });
    const { adapter, stored } = loadAdapterFolder(
      tinyClassifier({ labels: ['no', 'yes'] }),
      await changedFolder(settings, { [field]: false }),
    );
    assert.equal(adapter.parameters.length, 4);
    assert.match(stored.warnings.join(), new RegExp(`weights that ${field} is for, which is off; they are left out`));
  }
});

test('a series of OFT that would never end is refused', async () => {
  const folder = await changedFolder(settingsOf('oft'), { num_cayley_neumann_terms: 1e9 });
  assertInputError(
    () => loadAdapterFolder(tinyClassifier({ labels: ['no', 'yes'] }), folder),
    /adapter_config\.json: oft: neumannTerms must be a whole number from 0 to 100.* not 1000000000/,
  );
});

test('whatever stands in a configuration, it is read or refused in one line', async () => {
  const fields = ['r', 'alpha', 'lora_alpha', 'init_r', 'rank_pattern', 'alpha_pattern', 'decompose_both'];
  const others = [
    'decompose_factor',
    'apply_GS',
    'block_share',
    'use_cayley_neumann',
    'num_cayley_neumann_terms',
    'bias',
  ];
  const odd = fc.constantFrom<unknown>(
    ...[
      null,
      true,
      -1,
      0,
      0.5,
      3,
      1e9,
      'x',
      [],
      [true],
      {},
      { query: 2 },
      { query: 'x' },
      { '(': 1 },
      { query: [false] },
    ],
  );
  const field = fc.constantFrom(...fields, ...others, 'target_modules', 'layers_to_transform', 'exclude_modules');
  await forAllAsync(
    fc.tuple(fc.constantFrom(...loadedSettings), fc.array(fc.tuple(field, odd), { minLength: 1, maxLength: 2 })),
    async ([settings, changes]) => {
      const folder = await changedFolder(settings, Object.fromEntries(changes));
      try {
        loadAdapterFolder(tinyClassifier({ labels: ['no', 'yes'] }), folder);
      } catch (error) {
        assert.ok(error instanceof InputError, `${settings.kind} ${JSON.stringify(changes)}: ${error}`);
        assert.ok(!error.message.includes('\n') && error.message.includes(folder), error.message);
      }
    },
    150,
  );
});

test('a layer of the head, a file without tensors of the method and a misshapen one are refused', async () => {
  const onPooler = await changedFolder(settingsOf('hra'), { target_modules: ['dense', 'query'] }, (tensor) => ({
    ...tensor,
    name: tensor.name.replace('bert.encoder.layer.0.attention.self.query.hra_u', 'bert.pooler.dense.hra_u'),
  }));
  assertInputError(() => readAdapterFolder(onPooler), /HRA on bert\.pooler\.dense, which is of the head/);
  const without = await changedFolder(settingsOf('loha'), {}, (tensor) =>
    tensor.name.includes('hada') ? null : tensor,
  );
  assertInputError(() => readAdapterFolder(without), /no tensor of LOHA/);
  const misshapen = await changedFolder(settingsOf('oft'), {}, (tensor) =>
    tensor.name.includes('oft_R') ? { ...tensor, shape: [4, 5], data: new Float32Array(20) } : tensor,
  );
  assertInputError(() => readAdapterFolder(misshapen), /oft_R of .* has the shape \[4,5\]/);
});

test('OFT with a number of blocks has other sizes in layers of other widths', async () => {
  const given = { kind: 'oft', blockSize: 4, targetModules: ['query', 'output.dense'] };
  const folder = await changedFolder(given, { oft_block_size: 0, r: 4 }, (tensor) =>
    /\d\.output\.dense\.oft_R/.test(tensor.name)
      ? { ...tensor, shape: [4, 28], data: new Float32Array(112).fill(0.01) }
      : tensor,
  );
  const { adapter } = loadAdapterFolder(tinyClassifier({ labels: ['no', 'yes'] }), folder);
  assert.equal(adapter.settings.blockSize, 4);
  assert.deepEqual(
    adapter.settings.blockSizes,
    [0, 1].map((i) => `bert.encoder.layer.${i}.output.dense=8`),
  );
});

test('AdaLoRA that has pruned a layer whole computes without it', async () => {
  const pruned = 'bert.encoder.layer.1.attention.self.value';
  const settings = { kind: 'adalora', rank: 3 };
  const flags = (keeps: boolean) => [keeps, keeps, keeps];
  const layers = [0, 1].flatMap((i) =>
    ['query', 'value'].map((kind) => `bert.encoder.layer.${i}.attention.self.${kind}`),
  );
  const pattern = Object.fromEntries(layers.map((layer) => [`${layer}.lora_E`, flags(layer !== pruned)]));
  const empty = await changedFolder(settings, { rank_pattern: pattern }, (tensor) =>
    tensor.name.includes(`${pruned}.lora`)
      ? { ...tensor, shape: tensor.shape.map((n) => (n === 3 ? 0 : n)), data: new Float32Array(0) }
      : tensor,
  );
  const zero = await changedFolder(settings, {}, (tensor) =>
    tensor.name.includes(`${pruned}.lora_E`) ? { ...tensor, data: new Float32Array(3) } : tensor,
  );
  const [first, second] = [empty, zero].map((folder) => {
    const model = tinyClassifier({ labels: ['no', 'yes'] });
    loadAdapterFolder(model, folder);
    return logits(model);
  });
  assert.deepEqual(first, second);
});

test.run();
