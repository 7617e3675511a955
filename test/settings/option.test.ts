import assert from 'node:assert/strict';
import { suite } from 'uvu';
import * as v from 'valibot';
import { InputError } from '../../src/errors.ts';
import {
  boolean,
  type ConfigOf,
  completeOptions,
  completeTable,
  factsOf,
  formOf,
  namedValues,
  names,
  type OptionTable,
  oneOf,
  option,
  parseWith,
  positiveInteger,
  positiveNumber,
  probability,
  strictFields,
  valueText,
  wholeNumbers,
} from '../../src/settings/index.ts';

const test = suite('settings: declared options');

const table = {
  width: option(positiveInteger, { description: 'inner width', placeholder: '<width>', default: 64 }),
  learnScale: option(boolean, { description: 'train the factor', default: false }),
  init: option(oneOf(['zero', 'bert']), { description: 'starting values', default: 'zero', whenPruned: 'bert' }),
  modules: option(names, { description: 'where', default: ['query', 'value'] }),
  dropout: option(probability, { description: 'on the input', flag: 'adapter-dropout', default: 0 }),
  leaveOut: option(wholeNumbers, { description: 'layers without it', default: [], isOptional: true }),
  inner: option(names, { description: 'those that it mixes', flag: null, default: ['a'] }),
};

const messageOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.message;
  }
  assert.fail('no error');
};

test('the type of the settings follows from the declarations', () => {
  const config: ConfigOf<typeof table> = completeOptions('gated', table, { width: 8 });
  const width: number = config.width;
  const init: 'zero' | 'bert' = config.init;
  const modules: readonly string[] = config.modules;
  assert.deepEqual([width, init, modules], [8, 'zero', ['query', 'value']]);
  assert.deepEqual(Object.keys(config), ['width', 'learnScale', 'init', 'modules', 'dropout', 'inner']);
});

test('a default can depend on the use', () => {
  const config = completeOptions('gated', table, {}, (facts) => facts.whenPruned ?? facts.default);
  assert.equal(config.init, 'bert');
});

const wrong: [object, string][] = [
  [{ width: 0 }, 'gated: width must be a whole number above 0, not 0.'],
  [{ width: null }, 'gated: width must be a whole number above 0, not null.'],
  [{ init: 'ones' }, 'gated: init must be one of zero, bert, not "ones".'],
  [{ modules: [] }, 'gated: modules must be a list of names, at least one, not [].'],
  [{ modules: 'query' }, 'gated: modules must be a list of names, at least one, not "query".'],
  [{ modules: ['a', ''] }, 'gated: modules[1] must be a name, not "".'],
  [{ leaveOut: [1, 1] }, 'gated: leaveOut must be a list of different whole numbers from 0, at least one, not [1, 1].'],
  [
    { widht: 3 },
    "gated has no option 'widht'; its options: width, learnScale, init, modules, dropout, leaveOut, inner.",
  ],
];
for (const [given, message] of wrong) {
  test(`${JSON.stringify(given)} is refused in one line`, () => {
    assert.equal(
      messageOf(() => completeOptions('gated', table, { ...given })),
      message,
    );
  });
}

test('flag, placeholder, help and the parser of a text follow', () => {
  const form = (key: keyof typeof table) => formOf(key, table[key]);
  assert.deepEqual(
    (['width', 'learnScale', 'init', 'modules', 'dropout', 'leaveOut', 'inner'] as const).map((key) => [
      form(key).flag,
      form(key).placeholder,
      form(key).default,
    ]),
    [
      ['width', '<width>', '64'],
      ['learn-scale', null, 'false'],
      ['init', '<name>', 'zero'],
      ['modules', '<names>', 'query,value'],
      ['adapter-dropout', '<number>', '0'],
      ['leave-out', '<numbers>', ''],
      [null, '<names>', 'a'],
    ],
  );
  assert.deepEqual(form('init').choices, ['zero', 'bert']);
  assert.equal(form('width').parse('8'), 8);
  assert.deepEqual(form('modules').parse('a, b'), ['a', 'b']);
  assert.deepEqual(form('leaveOut').parse('0,3'), [0, 3]);
  for (const text of ['', ' ', '1.5', 'x', '1e400', '-1']) {
    assert.equal(
      messageOf(() => form('width').parse(text)),
      'It must be a whole number above 0.',
    );
  }
  assert.equal(
    messageOf(() => form('modules').parse('a,,b')),
    'It must be a list of names, at least one.',
  );
});

test('none, and one of several kinds of value, can be written too', () => {
  const norm = option(v.nullable(positiveNumber), { description: 'of gradients', default: 1 });
  const form = formOf('maxNorm', norm);
  assert.deepEqual([form.placeholder, form.parse('none'), form.parse('2')], ['<number|none>', null, 2]);
  const size = formOf(
    'size',
    option(v.union([positiveInteger, v.literal('auto')]), { description: '', default: 'auto' }),
  );
  assert.deepEqual([size.parse('auto'), size.parse('3'), size.choices], ['auto', 3, ['auto']]);
  assert.equal(factsOf(norm).description, 'of gradients');
});

test('values by name are written with = and commas, and a name may hold =', () => {
  const weights = option(v.union([v.literal('even'), namedValues(positiveNumber)], 'even, or weights by name'), {
    description: 'of each',
  });
  const form = formOf('weights', weights);
  assert.equal(form.parse('even'), 'even');
  assert.deepEqual(form.parse('good=1.5, very bad=2'), { good: 1.5, 'very bad': 2 });
  assert.deepEqual(form.parse('a=b=2'), { 'a=b': 2 });
  assert.equal(valueText(form.parse('good=1.5,bad=2')), 'good=1.5,bad=2');
  const refused = {
    odd: "'odd' is not name=value",
    good: "'good' is not name=value",
    'good=': "'good' has the value ''",
    'good=0': "'good' has the value '0'",
    'good=1,': "'' is not name=value",
    '=1': "'=1' is not name=value",
    'good=1,good=2': "'good' is there twice",
  };
  for (const [text, problem] of Object.entries(refused)) {
    assert.equal(
      messageOf(() => form.parse(text)),
      `It must be even, or weights by name; ${problem}.`,
    );
  }
});

test('stored settings are checked by the same declarations', () => {
  const schema = strictFields(completeTable(table as OptionTable));
  const config = completeOptions('gated', table, {});
  assert.deepEqual(parseWith(schema, JSON.parse(JSON.stringify(config)), 'run.json'), config);
  const { width: _, ...less } = config;
  assert.equal(
    messageOf(() => parseWith(schema, less, 'run.json')),
    'run.json: width is missing; it must be a whole number above 0.',
  );
});

test.run();
