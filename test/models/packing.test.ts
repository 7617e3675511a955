import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type BackendName, type BackendOptions, Random, setBackend, type Tensor } from '../../src/index.ts';
import {
  meanPooling,
  type PackedBatch,
  packPadded,
  packSequences,
  type SequenceClassifier,
  type TokenIds,
  type TokenSequence,
} from '../../src/models/index.ts';
import { assertClose } from '../support/compare.ts';
import { backendNames } from '../support/gpu.ts';
import { forAll } from '../support/property.ts';
import { tinyBert, tinyClassifier, tinyRoberta, vocabulary } from '../support/tiny-model.ts';
import { range } from '../support/values.ts';

const test = suite('models: packed batches');

const width = 16;
/** Of each property on each of the six combinations of a model and a backend. */
const RUNS = 8;

/** A sequence that both models can read: RoBERTa's only token type is 0, its padding id 1. */
const sequences = (types: number, maxLength = 12): fc.Arbitrary<TokenSequence> =>
  fc
    .array(fc.tuple(fc.integer({ min: 2, max: vocabulary.length - 1 }), fc.nat(types - 1)), { minLength: 1, maxLength })
    .map((tokens) => ({ ids: tokens.map(([id]) => id), typeIds: tokens.map(([, type]) => type) }));

/** The rows of sequence s in the order in which its tokens were given. */
function rowsOf(hidden: Tensor, { offsets, columns }: PackedBatch, s: number): number[][] {
  const values = Array.from(hidden.dataSync());
  const rows: number[][] = [];
  for (let row = offsets[s]; row < offsets[s + 1]; row++) {
    rows[columns[row]] = values.slice(row * width, (row + 1) * width);
  }
  return rows;
}

const matrix = (rows: readonly number[][]) => ({ shape: [rows.length, width], values: rows.flat() });

const families = [
  { name: 'bert', config: tinyBert, types: 2 },
  { name: 'roberta', config: tinyRoberta, types: 1 },
];
/** Rounding is all that may differ: a product of more rows may be summed in another order. */
const backends: readonly { backend: BackendName; options: BackendOptions; tolerance: number }[] = [
  { backend: 'reference', options: { dtype: 'float64' }, tolerance: 1e-12 },
  ...backendNames.map((backend) => ({ backend, options: {}, tolerance: 1e-5 })),
];

for (const { name, config, types } of families) {
  for (const { backend, options, tolerance } of backends) {
    /** The test on this backend with a model of its own. */
    const onModel = (title: string, body: (model: SequenceClassifier) => void) =>
      test(`${title} (${name}, ${[backend, ...Object.values(options)].join(' ')})`, async () => {
        await setBackend(backend, options);
        try {
          body(tinyClassifier({ labels: ['a', 'b', 'c'] }, { config }));
        } finally {
          await setBackend('wasm');
        }
      });

    onModel('a packed batch gives what its sequences give one at a time', (model) => {
      const { encoder } = model;
      forAll(
        fc.array(sequences(types), { minLength: 1, maxLength: 5 }),
        (batch) => {
          const packed = packSequences(batch, encoder.positionIds);
          const [hidden, logits] = [encoder.forward(packed), model.forward(packed).dataSync()];
          batch.forEach((sequence, s) => {
            const alone = packSequences([sequence], encoder.positionIds);
            assertClose(matrix(rowsOf(hidden, packed, s)), encoder.forward(alone), tolerance, `sequence ${s}`);
            const own = { shape: [1, 3], values: logits.slice(3 * s, 3 * s + 3) };
            assertClose(own, model.forward(alone), tolerance, `logits ${s}`);
          });
        },
        RUNS,
      );
    });

    onModel('a padded batch gives what its sequences give, and padding influences nothing', (model) => {
      const { encoder } = model;
      const cases = fc.record({ batch: fc.array(sequences(types, 8), { minLength: 1, maxLength: 4 }), seed: fc.nat() });
      forAll(
        cases,
        ({ batch, seed }) => {
          const longest = Math.max(...batch.map(({ ids }) => ids.length));
          const padded = (filler: () => number) => {
            const fill = (own: TokenIds = [], other: () => number) => [
              ...own,
              ...range(longest - own.length).map(other),
            ];
            return packPadded(
              {
                input_ids: batch.map(({ ids }) => fill(ids, filler)),
                attention_mask: batch.map(({ ids }) => range(longest).map((column) => Number(column < ids.length))),
                token_type_ids: batch.map(({ typeIds }) => fill(typeIds, () => filler() % types)),
              },
              encoder.positionIds,
            );
          };
          const random = new Random(seed);
          const plain = padded(() => encoder.config.pad_token_id);
          const other = padded(() => random.integer(vocabulary.length));
          const [hidden, otherHidden] = [encoder.forward(plain), encoder.forward(other)];
          assert.deepEqual(model.forward(plain).dataSync(), model.forward(other).dataSync());
          assertClose(meanPooling(hidden, plain), meanPooling(otherHidden, other), 0);
          batch.forEach((sequence, s) => {
            const alone = encoder.forward(packSequences([sequence], encoder.positionIds));
            const rows = rowsOf(hidden, plain, s).slice(0, sequence.ids.length);
            assertClose(matrix(rows), alone, tolerance, `sequence ${s}`);
            assert.deepEqual(rowsOf(otherHidden, other, s).slice(0, sequence.ids.length), rows, 'bit for bit');
          });
        },
        RUNS,
      );
    });
  }
}

test('a mask may have holes: what is under them influences nothing', async () => {
  await setBackend('reference');
  const { encoder } = tinyClassifier();
  const cases = fc
    .array(fc.tuple(fc.nat(vocabulary.length - 1), fc.boolean(), fc.nat(vocabulary.length - 1)), {
      minLength: 2,
      maxLength: 8,
    })
    .filter((tokens) => tokens.some(([, attended]) => attended));
  forAll(cases, (tokens) => {
    const mask = tokens.map(([, attended]) => Number(attended));
    const rows = (ids: number[]) => {
      const batch = packPadded({ input_ids: [ids], attention_mask: [mask] }, encoder.positionIds);
      return rowsOf(encoder.forward(batch), batch, 0).filter((_, column) => mask[column] === 1);
    };
    const ids = tokens.map(([id]) => id);
    const changed = tokens.map(([id, attended, other]) => (attended ? id : other));
    assert.deepEqual(rows(changed), rows(ids));
  });
  await setBackend('wasm');
});

test('pack keeps ids, types and places, masked positions behind the others', () => {
  const batch = packPadded(
    {
      input_ids: [
        [5, 6, 7],
        [8, 9, 0],
      ],
      attention_mask: [
        [1, 0, 1],
        [1, 1, 0],
      ],
      token_type_ids: [
        [0, 1, 1],
        [0, 0, 0],
      ],
    },
    (ids) => ids.map((_, column) => 10 + column),
  );
  const expected: { [Name in keyof PackedBatch]: number[] } = {
    inputIds: [5, 7, 6, 8, 9, 0],
    tokenTypeIds: [0, 1, 1, 0, 0, 0],
    positionIds: [10, 12, 11, 10, 11, 12],
    columns: [0, 2, 1, 0, 1, 2],
    offsets: [0, 3, 6],
    keyCounts: [2, 2],
  };
  assert.deepEqual(
    Object.fromEntries(Object.entries(batch).map(([name, values]) => [name, Array.from(values)])),
    expected,
  );
});

test('sequences without a token to attend to, and lists that do not fit, are errors', () => {
  const positions = (ids: readonly number[]) => ids.map((_, column) => column);
  assert.throws(() => packSequences([{ ids: [1] }, { ids: [] }], positions), /Sequence 1 of the batch has no token/);
  assert.throws(
    () => packPadded({ input_ids: [[1, 2]], attention_mask: [[0, 0]] }, positions),
    /Sequence 0 of the batch has no token to attend to/,
  );
  assert.throws(
    () => packPadded({ input_ids: [[1, 2]], attention_mask: [[1]] }, positions),
    /Sequence 0 of the batch has 2 ids but 1 .*attention mask/,
  );
  assert.throws(
    () => packPadded({ input_ids: [[1], [2]], attention_mask: [[1]] }, positions),
    /Sequence 1 of the batch has 1 ids but 0 .*attention mask/,
  );
  assert.throws(
    () => packSequences([{ ids: [1, 2], typeIds: [0, 0, 1] }], positions),
    /Sequence 0 of the batch has 2 ids but 3 token types/,
  );
});

test('ids and positions outside the tables are errors', async () => {
  await setBackend('reference');
  const { encoder } = tinyClassifier();
  const run = (ids: number[], typeIds?: number[]) => () =>
    encoder.forward(packSequences([{ ids, typeIds }], encoder.positionIds));
  assert.throws(
    run([vocabulary.length]),
    /sequence 0 of the batch has the token id 30; this model knows ids from 0 to 29/,
  );
  assert.throws(run([2], [2]), /batch has the token type 2, the model has 2/);
  assert.throws(run(range(25)), /sequence 0 of the batch has 25 tokens, more than this model has positions for/);
  await setBackend('wasm');
});

test.run();
