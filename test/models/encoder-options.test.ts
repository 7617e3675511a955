import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { noGrad, Random, type Shape, tidy } from '../../src/index.ts';
import { logBucket } from '../../src/models/deberta-v2.ts';
import { MultipleChoiceModel, packSequences, parseEncoderConfig, SequenceClassifier } from '../../src/models/index.ts';
import { ParameterPath } from '../../src/nn/index.ts';
import { activation } from '../../src/ops/activations.ts';
import { mul } from '../../src/ops/arithmetic.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { tensor } from '../../src/tensor/create.ts';
import { assertInputError } from '../io/input-error.ts';
import { assertNear } from '../support/near.ts';
import { useBackend } from '../support/on-backend.ts';
import { lively, tinyBert } from '../support/tiny-model.ts';

const test = suite('models: options of encoders');
useBackend(test, 'reference', { dtype: 'float64' });

type Json = Readonly<Record<string, unknown>>;

/** A model whose weights depend on their names alone, unless `take` changes them. */
const modelOf = (json: Json, take: (name: string, shape: Shape) => Float32Array = lively) =>
  new MultipleChoiceModel(ParameterPath.root(new Random(1), { has: () => true, take }), parseEncoderConfig(json));

const texts = [{ ids: [2, 14, 10, 18, 3] }, { ids: [2, 15, 3] }];

/** The logits of a model for the texts, and the states of its last layer. */
function run(model: MultipleChoiceModel): { logits: ArrayLike<number>; hidden: Float64Array } {
  const batch = packSequences(texts, model.encoder.positionIds);
  return tidy(() =>
    noGrad(() => {
      const states = model.encoder.hiddenStates(batch);
      const hidden = Float64Array.from(states[states.length - 1].dataSync());
      return { logits: Array.from(model.forward(batch).dataSync()), hidden };
    }),
  );
}

const deberta: Json = { ...tinyBert, model_type: 'deberta-v2', type_vocab_size: 0, architectures: undefined };

test('scores of a DeBERTa without distances are scaled for the parts that its file names', () => {
  const named = run(modelOf({ ...deberta, relative_attention: false, pos_att_type: 'c2p|p2c' }));
  const weakened = (name: string, shape: Shape) =>
    lively(name, shape).map((x) => (name.includes('query_proj') ? x / Math.sqrt(3) : x));
  assertNear(named.hidden, run(modelOf(deberta, weakened)).hidden, 1e-6);
  const others = run(modelOf(deberta)).hidden;
  assert.ok(named.hidden.some((x, i) => Math.abs(x - others[i]) > 1e-3));
});

test('what is attached to the queries of a DeBERTa changes those of the distances too, of texts of all lengths', () => {
  const relative = {
    ...deberta,
    relative_attention: true,
    position_buckets: 4,
    pos_att_type: 'p2c',
    share_att_key: true,
  };
  const doubled = (name: string, shape: Shape) =>
    lively(name, shape).map((x) => (name.includes('query_proj') ? 2 * x : x));
  const model = modelOf(relative);
  const before = run(model).hidden;
  for (const point of model.points.projection) if (point.name.endsWith('query_proj')) point.attached = (y) => mul(y, 2);
  const { hidden } = run(model);
  assertNear(hidden, run(modelOf(relative, doubled)).hidden, 1e-6);
  assert.ok(hidden.some((x, i) => Math.abs(x - before[i]) > 1e-3));
});

test('buckets of distances are those of float32 where a quotient is a whole number', () => {
  // From transformers 5.24.
  assert.deepEqual(
    [4, 5, 12, 18, 19, 20, 36].map((distance) => logBucket(distance, 8, 20)),
    [4, 5, 7, 7, 7, 8, 9],
  );
  assert.equal(logBucket(-19, 8, 20), -7);
  assert.equal(logBucket(511, 256, 512), 255);
});

test('the summary of an ELECTRA without a projection keeps its activation', () => {
  const electra = { ...tinyBert, model_type: 'electra', architectures: undefined, embedding_size: 16 };
  const model = modelOf({ ...electra, summary_use_proj: false, summary_activation: 'tanh' });
  assert.ok(!model.parameters().some(({ name }) => name.includes('summary')));
  const { logits, hidden } = run(model);
  const firsts = [...hidden.slice(0, 16), ...hidden.slice(5 * 16, 6 * 16)];
  const weight = tensor([...lively('classifier.weight', [1, 16])], [16, 1]);
  const [bias] = lively('classifier.bias', [1]);
  const expected = tidy(() => matmul(activation('tanh')(tensor(firsts, [2, 16])), weight).dataSync());
  assertNear(
    logits,
    Array.from(expected, (x) => x + bias),
    1e-6,
  );
});

test('an ELECTRA that sums up another token than the first has all heads but that for choices', () => {
  const electra = {
    ...tinyBert,
    model_type: 'electra',
    architectures: undefined,
    embedding_size: 16,
    summary_type: 'last',
  };
  const config = parseEncoderConfig(electra);
  const root = () => ParameterPath.root(new Random(1));
  assert.ok(new SequenceClassifier(root(), config, { labels: ['a', 'b'] }).parameters().length > 0);
  assertInputError(
    () => new MultipleChoiceModel(root(), config),
    /summary_type "last" is not supported; it must be first/,
  );
});

test.run();
