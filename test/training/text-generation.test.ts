import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { pruningMethods } from '../../src/pruning/index.ts';
import { evaluateRun, type GivenSettings, loadRun, textGeneration, writeTexts } from '../../src/training/index.ts';
import { assertInputErrorAsync } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { animalFolder } from '../support/animals.ts';
import { tinyBartFolder } from '../support/tiny-bart.ts';
import { dense, stoppedRun, tinyRun } from '../support/tiny-run.ts';

const test = suite('training: texts to write');

const data = animalFolder();
const settings: GivenSettings = {
  model: tinyBartFolder(),
  data: join(data, 'train.jsonl'),
  evalData: join(data, 'dev.jsonl'),
  text: 'document',
  target: 'summary',
  maxTargetLength: 8,
  numBeams: 2,
  adapter: { kind: 'houlsby', bottleneck: 16 },
  pruningExamples: 16,
  learningRate: 0.01,
  epochs: 2,
  batchSize: 8,
  maxLength: 16,
};

test('settings of generation that cannot be are refused before training, by name', async () => {
  const wrong: [GivenSettings, RegExp][] = [
    [{ minLength: 15 }, /^generation: minLength 15 exceeds maxLength 9\.$/],
    [{ numBeams: 1001 }, /numBeams must be a whole number from 1 to 1000/],
  ];
  for (const [some, message] of wrong) {
    const steps: number[] = [];
    const events = { onStep: ({ step }: { readonly step: number }) => steps.push(step) };
    const output = join(temporaryFolder(), 'run');
    await assertInputErrorAsync(() => tinyRun(output, { settings: { ...settings, ...some }, events }), message);
    assert.deepEqual(steps, []);
  }
});

test('a run learns to write; its scores and texts come back from its folder', async () => {
  const output = join(temporaryFolder(), 'run');
  const full: GivenSettings = {
    ...settings,
    adapter: { kind: 'full' },
    ...dense,
    learningRate: 0.004,
    epochs: 60,
  };
  const result = await tinyRun(output, { settings: full });
  assert.ok(result.status === 'finished');
  const { epoch_losses: losses, metrics } = result.metrics;
  assert.ok(losses[losses.length - 1] < 0.2 * losses[0], `${losses}`);
  assert.ok(metrics && metrics.rouge1 > 0.7, JSON.stringify(metrics));
  assert.deepEqual((await evaluateRun(output)).metrics, metrics);

  const { network, tokenizer } = loadRun(output, { task: textGeneration }).model;
  const ids = ['cat and fox', 'owl and bee'].map((text) => tokenizer.encode(text).ids);
  const texts = await writeTexts(network, tokenizer, ids, { maxLength: 9 });
  assert.deepEqual(
    texts.map(([{ text }]) => text),
    ['cat', 'owl'],
  );
});

test('a run that was stopped ends with the same weights and scores', async () => {
  const [whole, stopped] = [join(temporaryFolder(), 'run'), join(temporaryFolder(), 'run')];
  const first = await tinyRun(whole, { settings });
  assert.equal((await stoppedRun(stopped, 3, { settings })).status, 'stopped');
  const second = await tinyRun(stopped, { settings, resume: true });
  assert.ok(first.status === 'finished' && second.status === 'finished');
  assert.deepEqual(second.metrics.epoch_losses, first.metrics.epoch_losses);
  assert.deepEqual(second.metrics.metrics, first.metrics.metrics);
});

test('every method prunes adapters of both sides and of the attention between them', async () => {
  for (const { name: method, data } of pruningMethods()) {
    const output = join(temporaryFolder(), 'run');
    const result = await tinyRun(output, {
      settings: {
        ...settings,
        adapter: { kind: 'lora', rank: 4, init: 'bert', targetModules: ['q_proj', 'v_proj', 'fc1'] },
        pruning: method,
        pruningExamples: data && 16,
        sparsity: 0.5,
        epochs: 1,
      },
    });
    assert.ok(result.status === 'finished' && result.config.pruning);
    const { total, kept, layers } = result.config.pruning;
    assert.equal(kept, total - Math.floor(0.5 * total + 0.5));
    for (const part of [
      'encoder.layers.0.self_attn.q_proj',
      'decoder.layers.1.encoder_attn.v_proj',
      'decoder.layers.0.fc1',
    ]) {
      assert.ok(
        layers.some(({ name }) => name.includes(part)),
        part,
      );
    }
  }
});

test.run();
