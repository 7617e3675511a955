import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { AdapterSet, attachAdapter, freezeBackbone, vera } from '../../src/adapters/index.ts';
import { tidy } from '../../src/index.ts';
import type { Parameter } from '../../src/nn/index.ts';
import { chosenSettings } from '../../src/training/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { liven, logits, logitsTensor } from '../support/adapters.ts';
import { assertClose } from '../support/compare.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { weightsOf } from '../support/parameters.ts';
import { tinyClassifier } from '../support/tiny-model.ts';
import { tinySettings } from '../support/tiny-run.ts';

const test = suite('adapters: VeRA');
useBackend(test, 'reference');

const settings = vera.configure({ rank: 3, targetModules: ['query', 'intermediate.dense', 'output.dense'] });

/** The parameter whose name ends so. */
function find(parameters: readonly Parameter[], end: string): Parameter {
  const found = parameters.find(({ name }) => name.endsWith(end));
  assert.ok(found, end);
  return found;
}

onEveryBackend(
  test,
  'a layer computes W + diag(b) B diag(d) A, of shared matrices the columns and rows that it has',
  () => {
    const model = tinyClassifier();
    const { parameters } = attachAdapter(model, settings);
    liven({ parameters });
    const [a, b] = ['vera_A.default', 'vera_B.default'].map((name) => find(parameters, name));
    assert.deepEqual(
      [a.shape, b.shape],
      [
        [3, 32],
        [32, 3],
      ],
    );
    const plain = tinyClassifier();
    for (const place of ['attention.self.query', 'attention.output.dense', 'intermediate.dense', 'output.dense']) {
      for (const layer of [0, 1]) {
        const path = `bert.encoder.layer.${layer}.${place}`;
        const [lambdaB, lambdaD] = ['b', 'd'].map((letter) =>
          weightsOf(find(parameters, `${path}.vera_lambda_${letter}.default`)),
        );
        const weight = find(plain.parameters(), `${path}.weight`);
        const [out, inner] = weight.shape;
        const [ofA, ofB, w] = [weightsOf(a), weightsOf(b), weightsOf(weight)];
        for (let i = 0; i < out; i++) {
          for (let j = 0; j < inner; j++) {
            for (let k = 0; k < 3; k++) w[i * inner + j] += lambdaB[i] * ofB[i * 3 + k] * lambdaD[k] * ofA[k * 32 + j];
          }
        }
        weight.load(w, null);
      }
    }
    tidy(() => assertClose(logitsTensor(model), { shape: [2, 2], values: logits(plain) }, 1e-5));
  },
);

test("starting values are PEFT's: A and B within √(6 / in), d as given, b 0", () => {
  const { parameters } = attachAdapter(tinyClassifier(), vera({ rank: 40, dInitial: 0.25 }));
  const bound = (name: string, width: number) => {
    const largest = Math.max(...weightsOf(find(parameters, name)).map(Math.abs));
    assert.ok(largest <= Math.sqrt(6 / width) && largest > 0.9 * Math.sqrt(6 / width), `${name} ${largest}`);
  };
  bound('vera_A.default', 16);
  bound('vera_B.default', 40);
  assert.ok(weightsOf(find(parameters, '0.attention.self.query.vera_lambda_d.default')).every((d) => d === 0.25));
  assert.ok(weightsOf(find(parameters, '0.attention.self.query.vera_lambda_b.default')).every((b) => b === 0));
});

test('the random matrices are stored with it and are not trained', () => {
  const model = tinyClassifier();
  const adapter = attachAdapter(model, settings);
  freezeBackbone(model, adapter);
  const trained = adapter.parameters.filter(({ trainable }) => trainable).map(({ name }) => name);
  assert.ok(trained.length === 16 && trained.every((name) => name.includes('vera_lambda')));
  assert.deepEqual(
    adapter.parameters.filter(({ trainable }) => !trainable).map(({ name }) => name),
    ['vera_A.default', 'vera_B.default'],
  );
});

onEveryBackend(test, 'merged, the backbone computes the same alone', () => {
  const model = tinyClassifier();
  const adapters = new AdapterSet(model);
  liven(adapters.add('a', settings));
  adapters.activate('a');
  const before = logits(model);
  adapters.merge('a');
  tidy(() => assertClose(logitsTensor(model), { shape: [2, 2], values: before }, 1e-5));
  adapters.unmerge();
  assert.deepEqual(logits(model), before);
});

test('it says that it has nothing to prune', () => {
  const { pruning } = chosenSettings({ ...tinySettings, pruningExamples: undefined, adapter: 'vera' });
  assert.equal(pruning, 'none');
  assertInputError(
    () => chosenSettings({ ...tinySettings, pruningExamples: undefined, adapter: 'vera', pruning: 'snip' }),
    /pruning has no effect with adapter vera, which has no weights to prune/,
  );
});

test.run();
