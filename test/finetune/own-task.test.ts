import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { type Dataset, readExamples, type Source } from '../../src/data/index.ts';
import { PretrainedModel } from '../../src/finetune/pretrained.ts';
import type { TypesOf } from '../../src/finetune/types.ts';
import { classification, loadParts, type Task } from '../../src/training/index.ts';
import { useBackend } from '../support/on-backend.ts';
import { complete, tinySettings } from '../support/tiny-run.ts';

const test = suite('a task and a source of a program');
useBackend(test, 'wasm');

type Types = TypesOf<typeof classification>;

const wordsOf = (text: string): number => text.split(' ').length;

/** How many words has a text? */
const counting: Task<Types> = {
  ...classification,
  name: 'word-count',
  async read(source, split, { text }): Promise<Dataset | null> {
    const rows = source.open(split);
    if (!rows) return null;
    const { examples, ...read } = await readExamples(rows, { text });
    const labelled = examples.map((example) => ({ ...example, label: wordsOf(example.text) }));
    return { ...read, examples: labelled, labels: null, metrics: ['pearson'] };
  },
};

class WordCounter extends PretrainedModel<Types> {}

/** Texts of one to eight words, computed when they are read. */
const counted: Source = {
  open: (split) => ({
    name: `texts, ${split}`,
    async *parts(columns) {
      for (let number = 1; number <= 32; number++) {
        const fields: Readonly<Record<string, string>> = { said: 'good '.repeat(1 + (number % 8)) };
        yield { file: 'texts', unit: 'row', rows: [{ number, cells: columns.map(({ name }) => fields[name]) }] };
      }
    },
  }),
};

test('are trained, evaluated and pruned as those that are built in, and registered nowhere', async () => {
  const model = new WordCounter(loadParts(counting, complete(tinySettings), null));
  model.addAdapter({ kind: 'houlsby', bottleneck: 4 });
  const columns = { text: 'said' };
  await model.prune({ method: 'snip', sparsity: 0.5, data: counted, ...columns });
  const before = await model.evaluate(counted, columns);
  await model.fit(counted, { evalData: counted, epochs: 20, batchSize: 8, learningRate: 1e-2, ...columns });
  assert.deepEqual(Object.keys(model.metrics ?? {}), ['pearson']);
  assert.ok(Number(model.metrics?.pearson) > 0.9, `${JSON.stringify(before)} ${JSON.stringify(model.metrics)}`);
  assert.equal(model.task, 'word-count');
});

test.run();
