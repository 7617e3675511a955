import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { finetune, Seq2Seq } from '../../src/finetune/index.ts';
import { translationParts } from '../../src/report/translation-parts.ts';
import { evaluateRun, type GivenSettings } from '../../src/training/index.ts';
import { assertInputErrorAsync } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { tinyBartFolder } from '../support/tiny-bart.ts';
import { dense, tinyRun } from '../support/tiny-run.ts';

const test = suite('training: translations');

const words = [
  ['cat', 'tac'],
  ['owl', 'lwo'],
  ['dog', 'god'],
  ['bee', 'eeb'],
] as const;
const rows = words.map(([source, target]) => ({ source, target }));
const data = join(
  temporaryFolder({ 'pairs.jsonl': rows.map((row) => `${JSON.stringify(row)}\n`).join('') }),
  'pairs.jsonl',
);
const settings: GivenSettings = {
  ...{ model: tinyBartFolder(), task: 'translation', data, evalData: data, ...dense },
  ...{ adapter: { kind: 'full' }, learningRate: 0.01, epochs: 120, batchSize: 4, maxLength: 8, maxTargetLength: 8 },
};

test('scores are those of sacrebleu 2.6.0, with its signatures', () => {
  const written = ['cat', 'the cat sat here', 'owl'];
  const targets = ['cat', 'the cat sat there', 'bee and owl'];
  const { scores, parts, warnings } = translationParts({ sources: written, targets, written });
  assert.ok(Math.abs(100 * scores.bleu - 43.742343691381734) < 1e-9, `${scores.bleu}`);
  assert.ok(Math.abs(100 * scores.chrf - 57.36540748282254) < 1e-9, `${scores.chrf}`);
  assert.deepEqual(warnings, []);
  assert.deepEqual(
    parts.slice(0, 2).map(({ title }) => title),
    [
      'BLEU, nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0',
      'chrF, nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0',
    ],
  );
});

test('a run learns to translate columns that need no names; its scores come back from its folder', async () => {
  const output = join(temporaryFolder(), 'run');
  const result = await tinyRun(output, { settings });
  assert.ok(result.status === 'finished');
  const { metrics } = result.metrics;
  assert.deepEqual(Object.keys(metrics ?? {}).sort(), ['bleu', 'chrf']);
  assert.ok(metrics && metrics.chrf > 0.9, JSON.stringify(metrics));
  assert.deepEqual((await evaluateRun(output)).metrics, metrics);
});

test('rows of a program have any columns; the model writes texts', async () => {
  const own = rows.map(({ source: en, target: xx }) => ({ en, xx }));
  const model = await finetune({
    ...{ model: tinyBartFolder(), task: 'translation', data: own, text: 'en', target: 'xx', validationSplit: 0 },
    ...{ epochs: 1, maxLength: 8, pruning: 'none', output: join(temporaryFolder(), 'run') },
  });
  assert.ok(model instanceof Seq2Seq);
  assert.equal(typeof (await model.predict('cat', { maxLength: 4 })).generatedText, 'string');
});

test('two columns to read are refused, and so is the tokenizer of ROUGE', async () => {
  const output = join(temporaryFolder(), 'run');
  const two = { ...settings, text: ['source', 'target'] };
  await assertInputErrorAsync(() => tinyRun(output, { settings: two }), /text names two columns; it is one/);
  const rouge: GivenSettings = { ...settings, rougeTokenizer: 'unicode' };
  await assertInputErrorAsync(
    () => tinyRun(output, { settings: rouge }),
    /rougeTokenizer has no effect with task translation/,
  );
});

test.run();
