import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type Entity, entityReport, getEntities, type TagScheme } from '../../src/metrics/index.ts';
import { assertNear } from '../support/near.ts';
import { permuted } from '../support/permuted.ts';
import { forAll } from '../support/property.ts';

const test = suite('metrics: entities');

/** Tokens outside of entities, and entities of a type and a length. */
const parts = fc.array(
  fc.oneof(fc.constant(null), fc.tuple(fc.constantFrom('PER', 'LOC', 'A-B'), fc.integer({ min: 1, max: 4 }))),
  { maxLength: 8 },
);
type Parts = readonly (readonly [string, number] | null)[];

/** The letters of an entity of so many tokens. */
const letters: Readonly<Record<Exclude<TagScheme, 'IOB1'>, (length: number) => string>> = {
  IOB2: (length) => `B${'I'.repeat(length - 1)}`,
  IOE2: (length) => `${'I'.repeat(length - 1)}E`,
  IOBES: (length) => (length === 1 ? 'S' : `B${'I'.repeat(length - 2)}E`),
  BILOU: (length) => (length === 1 ? 'U' : `B${'I'.repeat(length - 2)}L`),
};

function tagsOf(all: Parts, scheme: keyof typeof letters): string[] {
  return all.flatMap((part) => (part ? [...letters[scheme](part[1])].map((letter) => `${letter}-${part[0]}`) : ['O']));
}

function entitiesOf(all: Parts): Entity[] {
  let end = 0;
  return all.flatMap((part) => {
    const start = end;
    end += part ? part[1] : 1;
    return part ? [{ type: part[0], start, end }] : [];
  });
}

for (const scheme of Object.keys(letters) as (keyof typeof letters)[]) {
  test(`entities that are written in ${scheme} are read again`, () => {
    forAll(parts, (all) => {
      const tags = tagsOf(all, scheme);
      assert.deepEqual(getEntities(tags, scheme), entitiesOf(all));
      if (scheme !== 'BILOU') assert.deepEqual(getEntities(tags), entitiesOf(all));
    });
  });
}

test('without a scheme badly formed entities are repaired, with one they are dropped', () => {
  const tags = ['I-PER', 'I-PER', 'I-LOC', 'O', 'B-LOC', 'I-PER'];
  assert.deepEqual(
    getEntities(tags).map(({ type, start, end }) => [type, start, end]),
    [
      ['PER', 0, 2],
      ['LOC', 2, 3],
      ['LOC', 4, 5],
      ['PER', 5, 6],
    ],
  );
  assert.deepEqual(getEntities(tags, 'IOB2'), [{ type: 'LOC', start: 4, end: 5 }]);
  assert.deepEqual(getEntities(['I-X', 'B-X', 'O', 'B-X'], 'IOB1'), [
    { type: 'X', start: 0, end: 1 },
    { type: 'X', start: 1, end: 2 },
  ]);
  assert.deepEqual(getEntities(['B-X', 'I-X', 'O', 'E-X', 'S-X'], 'IOBES'), [{ type: 'X', start: 4, end: 5 }]);
});

test('an entity counts if type and both ends are right, and never crosses sentences', () => {
  const labels = [['B-PER', 'I-PER', 'O'], ['B-LOC', 'O'], ['I-LOC']];
  const report = entityReport([['B-PER', 'O', 'O'], ['B-LOC', 'O'], ['B-LOC']], labels);
  assert.deepEqual(report.perType, {
    LOC: { precision: 1, recall: 1, f1: 1, support: 2 },
    PER: { precision: 0, recall: 0, f1: 0, support: 1 },
  });
  assertNear(report.micro, { precision: 2 / 3, recall: 2 / 3, f1: 2 / 3, support: 3 });
  assertNear([report.macro.f1, report.weighted.f1, report.tokenAccuracy], [1 / 2, 2 / 3, 4 / 6]);
});

const sentences = fc.array(fc.tuple(parts, parts), { minLength: 1, maxLength: 5 }).map((pairs) => {
  const [labels, others] = [0, 1].map((side) => pairs.map((pair) => tagsOf(pair[side], 'IOB2')));
  return { labels, predictions: labels.map((tags, i) => tags.map((_, t) => others[i][t] ?? 'O')) };
});

test('the order of sentences does not matter, equal tags have 1, scores lie between 0 and 1', () => {
  forAll(fc.tuple(sentences, fc.nat()), ([{ labels, predictions }, seed]) => {
    const report = entityReport(predictions, labels);
    const [p, l] = permuted(seed, predictions, labels);
    assertNear(entityReport(p, l), report);
    for (const { precision, recall, f1 } of [...Object.values(report.perType), report.micro, report.weighted]) {
      for (const value of [precision, recall, f1]) assert.ok(value >= 0 && value <= 1 + 1e-12);
    }
    const perfect = entityReport(labels, labels);
    const there = perfect.micro.support > 0 ? 1 : 0;
    assertNear([perfect.micro.f1, perfect.weighted.f1], [there, there]);
    assert.equal(perfect.tokenAccuracy, labels.flat().length > 0 ? 1 : 0);
  });
});

test('no type has a name that JavaScript takes for another', () => {
  const labels = [['B-__proto__', 'O', 'B-constructor']];
  const { perType } = entityReport([['B-__proto__', 'O', 'O']], labels);
  assert.deepEqual(
    Object.entries(perType).map(([type, { support, f1 }]) => [type, support, f1]),
    [
      ['__proto__', 1, 1],
      ['constructor', 1, 0],
    ],
  );
});

test('what is no tag, no scheme or no pair is named', () => {
  assert.throws(
    () => getEntities(['B-X', 'U-X']),
    /^RangeError: "U-X" is no tag; there are O, B-TYPE, I-TYPE, E-TYPE, S-TYPE$/,
  );
  assert.throws(() => getEntities(['S-X'], 'IOB2'), /"S-X" is no tag of the scheme IOB2; there are O, I-TYPE, B-TYPE/);
  for (const tag of ['', 'PER', 'BPER', 'b-PER']) assert.throws(() => getEntities([tag]), /is no tag/);
  assert.throws(() => getEntities(['O'], 'IOB3' as 'IOB2'), /there is no scheme "IOB3"; there are IOB1, IOB2, IOE2/);
  assert.throws(() => entityReport([['O']], [['O', 'O']]), /sentence 0 has 1 predictions and 2 labels/);
  assert.throws(() => entityReport([], [['O']]), /0 sentences of predictions cannot be compared with 1/);
  assert.throws(() => entityReport([], []), /there are no sentences/);
  assert.throws(() => entityReport([['O'], ['X']], [['O'], ['O']]), /^RangeError: predictions\[1\]: "X" is no tag/);
});

test.run();
