import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { AdapterSet, type AdapterSettings, stack } from '../../src/adapters/index.ts';
// It makes known the families that only files bring.
import '../../src/interchange/browser.ts';
import { assertInputError } from '../io/input-error.ts';
import { liven, logits } from '../support/adapters.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { tinyClassifier } from '../support/tiny-model.ts';

const test = suite('adapters: composed');

const members: Readonly<Record<string, AdapterSettings>> = {
  behind: { kind: 'pfeiffer', bottleneck: 3 },
  inner: { kind: 'houlsby', bottleneck: 2, leaveOut: [0] },
  beside: { kind: 'parallel', bottleneck: 3, init: 'bert' },
  ending: { kind: 'bottleneck', bottleneck: 3, reads: 'normalised', addsTo: 'sum', endsSublayer: true },
  low: { kind: 'lora', rank: 2, targetModules: ['query', 'word_embeddings'] },
  before: { kind: 'prefix', prefixLength: 2, prefixFlat: true, prefixShiftsPositions: true },
  prompt: { kind: 'prompt-tuning', promptLength: 2 },
  scaled: { kind: 'ia3' },
  biases: { kind: 'bitfit' },
};

function modelWith(names: readonly string[]) {
  const model = tinyClassifier();
  const set = new AdapterSet(model);
  for (const name of names) liven(set.add(name, members[name]), name);
  return { model, set };
}

/** The logits with several adapters as one. */
function composedLogits(adapters: readonly string[], options: Omit<AdapterSettings, 'kind'> = {}): number[] {
  const { model, set } = modelWith([...new Set(adapters)]);
  set.activate(set.add('all', { kind: 'composed', adapters, ...options }).name);
  return logits(model);
}

function logitsOf(names: readonly string[]): number[] {
  const { model, set } = modelWith([...new Set(names)]);
  set.activate(stack(...names));
  return logits(model);
}

const stacks = [
  ['behind', 'inner'],
  ['inner', 'ending'],
  ['ending', 'behind'],
  ['low', 'before', 'prompt', 'scaled', 'beside'],
];
for (const names of stacks) {
  onEveryBackend(test, `${names.join(', ')}: what a stack of them computes, to the last bit`, () => {
    assert.deepEqual(composedLogits(names), logitsOf(names));
  });
}

const assertNear = (got: readonly number[], expected: readonly number[]) => {
  for (const [i, value] of got.entries()) assert.ok(Math.abs(value - expected[i]) < 1e-5, `${got}, not ${expected}`);
};

for (const name of ['behind', 'inner', 'beside', 'ending', 'low', 'scaled']) {
  onEveryBackend(test, `${name}: shares of it that are 1 together are the whole`, () => {
    assertNear(composedLogits([name, name], { factors: [0.75, 0.25] }), logitsOf([name]));
  });
}

onEveryBackend(test, 'what factors lack to 1 is the value itself, where that is asked for, and nothing else', () => {
  const half: AdapterSettings = { ...members.low, alpha: 4 };
  const { model, set } = modelWith([]);
  set.activate(livened(set, 'low', half));
  assertNear(composedLogits(['low', 'low'], { factors: [0.25, 0.25], keepsValue: true }), logits(model));
  assert.notDeepEqual(
    composedLogits(['low', 'low'], { factors: [0.25, 0.25] }),
    composedLogits(['low', 'low'], { factors: [0.25, 0.25], keepsValue: true }),
  );
});

/** Adds an adapter with the numbers that {@link members} of that name have. */
function livened(set: AdapterSet, name: string, settings: AdapterSettings): string {
  liven(set.add(name, settings), name);
  return name;
}

test('what cannot be composed is refused by name', () => {
  const { set } = modelWith(['behind', 'before', 'prompt', 'biases']);
  const add = (options: Omit<AdapterSettings, 'kind'>) => () => set.add('all', { kind: 'composed', ...options });
  assertInputError(add({ adapters: ['behind', 'biases'] }), /'biases' replaces weights of the backbone/);
  assertInputError(add({ adapters: ['behind'], factors: [1, 2] }), /2 factors for 1 adapters/);
  for (const name of ['before', 'prompt'])
    assertInputError(add({ adapters: ['behind', name], factors: [1, 1] }), /has a prefix or a prompt, .* stack it/);
  assertInputError(add({ adapters: ['gone'] }), /There is no adapter 'gone'/);
  set.add('all', { kind: 'composed', adapters: ['behind'] });
  assertInputError(() => set.remove('behind'), /'all' uses 'behind'/);
});

test.run();
