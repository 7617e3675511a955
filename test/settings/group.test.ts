import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { InputError } from '../../src/errors.ts';
import {
  belongingTo,
  boolean,
  type Choices,
  firstDisagreement,
  formOf,
  type GivenOf,
  markdownTable,
  nonEmptyText,
  oneOf,
  option,
  orNone,
  parseGiven,
  positiveInteger,
  positiveNumber,
  refuseWithoutEffect,
  type SettingsOf,
  tableOf,
  withDefaults,
  withEffect,
  withTables,
} from '../../src/settings/index.ts';

const test = suite('settings: groups');

const groups = [
  {
    title: 'Data',
    settings: {
      model: option(nonEmptyText, { description: 'what is trained', short: 'm', isRequired: true }),
      data: option(nonEmptyText, { description: 'a file', excludes: 'dataset' }),
      dataset: option(nonEmptyText, { description: 'of the hub', excludes: 'data' }),
      subset: option(nonEmptyText, { description: 'a part of it', needs: 'dataset' }),
      stride: option(positiveInteger, { description: 'of windows', default: 128, for: { task: ['answers'] } }),
    },
  },
  {
    title: 'Training',
    settings: {
      method: option(oneOf(['none', 'snip', 'er']), { description: 'how | why', default: 'snip' }),
      rate: option(positiveNumber, { description: 'of learning', default: 0.1, placeholder: '<rate>' }),
      norm: option(orNone(positiveNumber), { description: 'at most', default: 1 }),
      examples: option(positiveInteger, { description: 'to score with', default: 8, for: { method: ['snip'] } }),
      sizes: option(boolean, { description: 'insist', default: true }),
      output: option(nonEmptyText, { description: 'a folder', defaultText: 'told by the data', isStored: false }),
    },
  },
] as const;
const table = tableOf(groups);
type Given = GivenOf<typeof table>;

const choices = (task: string, method = 'snip'): Choices => ({ task: { name: task }, method: { name: method } });

const messageOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.message;
  }
  assert.fail('no error');
};

test('the types of given and of complete settings follow', () => {
  const given: Given = { model: 'm', norm: null };
  const complete = withDefaults(table, given, choices('labels')) as SettingsOf<typeof table>;
  const always: [string, number, number | null, boolean] = [
    complete.model,
    complete.rate,
    complete.norm,
    complete.sizes,
  ];
  const perhaps: [number | undefined, string | undefined] = [complete.stride, complete.data];
  assert.deepEqual(always, ['m', 0.1, null, true]);
  assert.deepEqual(perhaps, [undefined, undefined]);
});

test('defaults are those of the settings that have an effect', () => {
  const complete = (given: Given, all: Choices) => withDefaults(table, given, all);
  assert.deepEqual(complete({ model: 'm' }, choices('answers', 'er')), {
    model: 'm',
    stride: 128,
    method: 'snip',
    rate: 0.1,
    norm: 1,
    sizes: true,
  });
  assert.deepEqual(withDefaults(table, {}, choices('labels'), { method: 'er', rate: undefined }), {
    method: 'er',
    norm: 1,
    examples: 8,
    sizes: true,
  });
});

const refused: [Given, Choices, string][] = [
  [{ stride: 3 }, choices('labels'), '--stride has no effect with --task labels; it is for answers.'],
  [
    { examples: 3 },
    { ...choices('labels'), method: { name: 'none', by: 'adapter', value: 'full', why: 'which has no weights' } },
    '--examples has no effect with --adapter full, which has no weights.',
  ],
  [{ subset: 'a', data: 'b' }, choices('labels'), '--subset has no effect without --dataset.'],
  [{ dataset: 'a', data: 'b' }, choices('labels'), '--data cannot be combined with --dataset.'],
];
for (const [given, all, message] of refused) {
  test(`${JSON.stringify(given)} is refused by name`, () => {
    assert.equal(
      messageOf(() => refuseWithoutEffect(table, given, all, (key) => `--${key}`)),
      message,
    );
  });
}

test('settings that others leave without effect are dropped, one after the other', () => {
  const file: Given = { data: 'a', rate: 2, examples: 3, stride: 4 };
  assert.deepEqual(withEffect(table, file, { dataset: 'b' }, choices('labels', 'er')), { rate: 2 });
  assert.deepEqual(withEffect(table, { dataset: 'a', subset: 'b' }, { data: 'c' }, choices('labels')), {});
  assert.deepEqual(withEffect(table, { rate: 1, norm: null }, { rate: 2 }, choices('labels')), { norm: null });
});

test('a file with settings is checked, and what it cannot say is named with what it can', () => {
  assert.deepEqual(parseGiven(table, { rate: 2, norm: null }, 'run.json'), { rate: 2, norm: null });
  assert.equal(
    messageOf(() => parseGiven(table, { rte: 2 }, 'run.json')),
    'run.json: rte is no known field. Known here: model, data, dataset, subset, stride, method, rate, norm, examples, sizes, output.',
  );
  assert.equal(
    messageOf(() => parseGiven(table, { rate: '2' }, 'run.json')),
    'run.json: rate must be a number above 0, not "2".',
  );
});

const values = fc.record(
  {
    model: fc.string({ minLength: 1 }),
    rate: fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
    norm: fc.option(fc.double({ min: 1e-9, max: 1e9, noNaN: true })),
    method: fc.constantFrom('none', 'snip', 'er'),
    stride: fc.integer({ min: 1, max: 1e9 }),
    sizes: fc.boolean(),
  },
  { requiredKeys: [] },
);

test('complete settings survive a file, and are complete already', () => {
  fc.assert(
    fc.property(values, fc.constantFrom('labels', 'answers'), (given, task) => {
      const all = choices(task, given.method);
      const complete = withDefaults(table, given, all);
      const read = parseGiven(table, JSON.parse(JSON.stringify(complete)), 'run.json');
      assert.deepEqual(read, complete);
      assert.deepEqual(withDefaults(table, read, all), complete);
      assert.equal(firstDisagreement(given, complete), null);
    }),
  );
});

test('a value that is written as text is read back', () => {
  fc.assert(
    fc.property(values, (given) => {
      for (const [key, value] of Object.entries(given)) {
        const form = formOf(key, table[key as keyof typeof table]);
        if (form.placeholder !== null) assert.deepEqual(form.parse(value === null ? 'none' : String(value)), value);
      }
    }),
  );
});

test('given settings disagree with stored ones by name; of nested ones what is given counts', () => {
  assert.deepEqual(firstDisagreement({ rate: 1, norm: null }, { rate: 1, norm: 1 }), {
    key: 'norm',
    given: null,
    stored: 1,
  });
  const stored = { adapter: { kind: 'lora', rank: 8 }, model: 'org/name@0123' };
  assert.equal(firstDisagreement({ adapter: { kind: 'lora' }, model: 'org/name' }, stored), null);
  assert.equal(firstDisagreement({ adapter: { rank: 4 } }, stored)?.key, 'adapter.rank');
  const weighted = { weights: { good: 1, bad: 2 } };
  assert.equal(firstDisagreement({ weights: { bad: 2, good: 1 } }, weighted), null);
  assert.deepEqual(firstDisagreement({ weights: { bad: 2 } }, weighted), {
    key: 'weights',
    given: { bad: 2 },
    stored: weighted.weights,
  });
  assert.deepEqual(firstDisagreement({ seed: 3 }, stored), { key: 'seed', given: 3, stored: undefined });
});

test('a name that is declared twice is an error of the program', () => {
  assert.throws(() => tableOf([groups[0], groups[0]]), /The setting 'model' is declared twice/);
});

test('a table can belong to a choice as a whole', () => {
  const own = belongingTo({ method: ['er'] }, { depth: option(positiveInteger, { description: 'd', default: 1 }) });
  assert.deepEqual(withDefaults(own, {}, choices('labels', 'snip')), {});
  assert.deepEqual(withDefaults(own, {}, choices('labels', 'er')), { depth: 1 });
});

test('tables of the documentation follow, and stand between their marks', () => {
  const markdown = markdownTable(groups[1], table);
  assert.equal(
    markdown,
    [
      '| option | meaning | default |',
      '| --- | --- | --- |',
      '| `--method` | how \\| why; `none`, `snip`, `er` | `snip` |',
      '| `--rate` | of learning | `0.1` |',
      '| `--norm` | at most | `1` |',
      '| `--examples` | to score with; for `snip` | `8` |',
      '| `--no-sizes` | insist | off |',
      '| `--output` | a folder | told by the data |',
    ].join('\n'),
  );
  const tables = new Map([['Training', markdown]]);
  const document = ['# A', '<!-- settings: Training -->', 'old', '<!-- end of settings -->', 'b'].join('\n');
  const written = withTables(document, tables);
  assert.equal(
    written,
    ['# A', '<!-- settings: Training -->', '', markdown, '', '<!-- end of settings -->', 'b'].join('\n'),
  );
  assert.equal(withTables(written, tables), written);
  assert.throws(() => withTables('<!-- settings: Data -->\n', tables), /There is no table of settings 'Data'/);
  assert.throws(() => withTables('<!-- settings: Training -->\n', tables), /has no '<!-- end of settings -->'/);
});

test.run();
