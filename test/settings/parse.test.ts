import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as v from 'valibot';
import { InputError } from '../../src/errors.ts';
import {
  boolean,
  byName,
  listOf,
  namedValues,
  nonEmptyText,
  oneOf,
  openFields,
  parseWith,
  positiveInteger,
  printable,
  probability,
  type Schema,
  shown,
  strictFields,
  text,
} from '../../src/settings/index.ts';

const test = suite('settings: parseWith');

const run = strictFields({
  task: oneOf(['mnli', 'sst2']),
  epochs: positiveInteger,
  dropout: v.optional(probability, 0.1),
  labels: listOf(text),
  parts: namedValues(openFields({ size: positiveInteger })),
});
const good = { task: 'mnli', epochs: 3, labels: ['a', 'b'], parts: { x: { size: 1, more: null } } };

const messageOf = (schema: Schema, value: unknown, label = 'run.json', remedy?: string): string => {
  try {
    parseWith(schema, value, label, remedy);
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.message;
  }
  assert.fail('no error');
};

test('a value that fits comes back with its defaults, and with fields that an open object does not name', () => {
  assert.deepEqual(parseWith(run, good, 'run.json'), { ...good, dropout: 0.1 });
  const reversed = Object.fromEntries(Object.entries(good).reverse());
  const order = [...Object.keys(reversed), 'dropout'];
  assert.deepEqual(Object.keys(parseWith(run, reversed, 'run.json')), order);
});

const wrong: [string, unknown, string][] = [
  ['another kind', { ...good, epochs: '3' }, 'run.json: epochs must be a whole number above 0, not "3".'],
  ['out of range', { ...good, dropout: 1 }, 'run.json: dropout must be a number in [0, 1), not 1.'],
  ['not a number', { ...good, epochs: Number.NaN }, 'run.json: epochs must be a whole number above 0, not NaN.'],
  ['null', { ...good, dropout: null }, 'run.json: dropout must be a number in [0, 1), not null.'],
  ['another name', { ...good, task: 'cola' }, 'run.json: task must be one of mnli, sst2, not "cola".'],
  ['an item', { ...good, labels: ['a', {}] }, 'run.json: labels[1] must be a text, not {}.'],
  [
    'deep',
    { ...good, parts: { 'a b': { size: [1, 2] } } },
    'run.json: parts["a b"].size must be a whole number above 0, not [1, 2].',
  ],
  ['a list for an object', [], 'run.json must be an object, not [].'],
  ['a list for a record', { ...good, parts: [{ size: 1 }] }, 'run.json: parts must be an object, not [{…}].'],
  ['null for an object', null, 'run.json must be an object, not null.'],
  ['missing', { ...good, epochs: undefined }, 'run.json: epochs is missing; it must be a whole number above 0.'],
  [
    'missing below',
    { ...good, parts: { x: {} } },
    'run.json: parts.x.size is missing; it must be a whole number above 0.',
  ],
  [
    'unknown',
    { ...good, epoch: 3 },
    'run.json: epoch is no known field. Known here: task, epochs, dropout, labels, parts.',
  ],
];
for (const [name, value, message] of wrong) {
  test(`one line for ${name}`, () => assert.equal(messageOf(run, value), message));
}

test('the remedy stands behind the message', () => {
  assert.equal(
    messageOf(boolean, 1, '--fast', 'Leave it away.'),
    '--fast must be true or false, not 1. Leave it away.',
  );
});

test('defaults of valibot read as well', () => {
  const schema = v.object({ a: v.union([v.number(), v.literal('max')]), b: v.nullable(v.boolean()) });
  assert.equal(messageOf(schema, { a: [] }), 'run.json: a must be a number or max, not [].');
  assert.equal(messageOf(schema, { a: 1 }), 'run.json: b is missing; it must be true or false.');
  const kinds = v.variant('kind', [
    strictFields({ kind: v.literal('rows'), n: positiveInteger }),
    strictFields({ kind: v.literal('names'), names: listOf(nonEmptyText) }),
  ]);
  assert.equal(messageOf(kinds, { kind: 'x' }), 'run.json: kind must be rows or names, not "x".');
  assert.equal(
    messageOf(kinds, { kind: 'names', names: [''] }),
    'run.json: names[0] must be a text that is not empty, not "".',
  );
});

test('forms of an object that a name tells apart say what theirs lack and do not know', () => {
  const schema = strictFields({
    data: byName('kind', {
      rows: strictFields({ kind: v.literal('rows'), n: positiveInteger }),
      names: strictFields({ kind: v.literal('names'), names: listOf(nonEmptyText) }),
    }),
  });
  assert.deepEqual(parseWith(schema, { data: { kind: 'rows', n: 1 } }, 'x'), { data: { kind: 'rows', n: 1 } });
  const wrongData: [unknown, string][] = [
    [{ kind: 'toString' }, 'data.kind must be one of rows, names, not "toString".'],
    [{}, 'data.kind is missing; it must be one of rows, names.'],
    [[], 'data must be an object, not [].'],
    [{ kind: 'rows' }, 'data.n is missing; it must be a whole number above 0.'],
    [{ kind: 'rows', n: 1, names: [] }, 'data.names is no known field. Known here: kind, n.'],
    [{ kind: 'names', names: 'a' }, 'data.names must be a list, not "a".'],
  ];
  for (const [data, message] of wrongData) assert.equal(messageOf(schema, { data }), `run.json: ${message}`);
});

test('nothing is dropped: names that every object has are unknown fields too', () => {
  for (const name of ['__proto__', 'constructor', 'prototype']) {
    const parts = JSON.parse(`{"${name}": {"size": 1}}`);
    assert.match(messageOf(run, { ...good, parts }), new RegExp(`run\\.json: parts\\.${name} is no known field`));
  }
});

test('what is nested beyond the stack is one line', () => {
  interface Tree {
    readonly inner?: Tree;
  }
  const tree: Schema<Tree> = strictFields({ inner: v.optional(v.lazy(() => tree)) });
  const deep = JSON.parse(`${'{"inner":'.repeat(50_000)}{}${'}'.repeat(50_000)}`);
  assert.equal(messageOf(tree, deep), 'run.json is nested too deeply; restore it.');
});

test('control characters, signs of direction and long values are shown safely', () => {
  assert.equal(printable('a\u001b[31m\u202e\u009b\ud800'), 'a\\u001b[31m\\u202e\\u009b\\ud800');
  assert.equal(shown('\n\u007f'), '"\\n\\u007f"');
  assert.ok(shown('x'.repeat(1e6)).length < 80);
  assert.equal(shown([1, 2, 3, 4, 5, 6]), '[1, 2, 3, 4, … (6 in all)]');
  assert.match(
    messageOf(run, { ...good, 'a\u001b': 1 }, 'x\u0007.json'),
    /^x\\u0007\.json: \["a\\u001b"\] is no known/,
  );
});

test('whatever JSON holds is accepted or refused in one printable line', () => {
  const any = fc.json({ maxDepth: 5 }).map((json) => JSON.parse(json));
  const like = fc.record(
    { task: any, epochs: any, dropout: any, labels: any, parts: fc.dictionary(fc.string(), any) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(any, like), (value) => {
      try {
        parseWith(run, value, 'run.json');
      } catch (error) {
        assert.ok(error instanceof InputError, String(error));
        assert.equal(printable(error.message), error.message);
        assert.ok(error.message.length < 600, error.message);
      }
    }),
  );
});

test.run();
