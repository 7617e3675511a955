/**
 * `npm run test:tokenizers -- [--seconds n] [--seed n] [--path p] [--every n] [--tokenizer name,...]`: holds the tokenizers of
 * tokenizer.json against the Rust library: random ones on random texts for so many seconds, and those of the reference numbers and of
 * real models, or some of them, on every n-th text of GLUE, SQuAD and XSum, where SPARSE_ADAPTER_DATA names a folder with these.
 * Prints the seed and the failing case.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { BothTokenizers, Counts } from './tokenizers-check.ts';
import { compareRealTexts, realTexts, tokenizersIn } from './tokenizers-data.ts';
import { Library } from './tokenizers-library.ts';
import { anyTokenizer } from './tokenizers-random.ts';
import { textWith } from './tokenizers-texts.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    path: { type: 'string' },
    every: { type: 'string', default: '80' },
    tokenizer: { type: 'string' },
  },
});
const [seconds, seed, every] = [values.seconds, values.seed, values.every].map(Number);
const library = new Library();
let failures = 0;

function report(name: string, passed: number, difference: string | null, counts: Counts): void {
  const isEmpty = values.path === undefined && counts.texts * counts.cut * counts.decoded === 0;
  const failure = difference ?? (isEmpty ? 'something was never compared' : null);
  if (failure !== null) {
    failures++;
    console.log(`\nFAIL ${name}: ${failure.slice(0, 20_000)}`);
  }
  console.log(`tokenizers-${name}: ${passed} passed, ${failure === null ? 0 : 1} failed (${counts})`);
}

const truncations = fc.record({
  maxLength: fc.integer({ min: 0, max: 14 }),
  truncation: fc.constantFrom('longest_first', 'longest_first', 'only_first', 'only_second'),
  truncationSide: fc.constantFrom('left', 'right'),
  stride: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) }),
});

const cases = anyTokenizer.chain((fields) => {
  const tokens = (fields.added_tokens as readonly { readonly content: string }[]).map(({ content }) => content);
  return fc.record({
    fields: fc.constant(fields),
    texts: fc.array(textWith(tokens), { minLength: 2, maxLength: 5 }),
    addSpecialTokens: fc.boolean(),
    truncations: fc.array(truncations, { minLength: 1, maxLength: 3 }),
    ids: fc.array(fc.nat({ max: 40 }), { maxLength: 20 }),
  });
});

async function compareRandom(counts: Counts): Promise<string | null> {
  const property = fc.asyncProperty(cases, async ({ fields, texts, addSpecialTokens, truncations, ids }) => {
    const tokenizers = await BothTokenizers.of(fields, library, counts);
    if (tokenizers === null) return;
    const [text, pair] = texts;
    const inputs = [...texts.map((one) => ({ text: one, pair: null })), { text, pair }];
    await tokenizers.encode(inputs.map((input) => ({ ...input, addSpecialTokens })));
    await tokenizers.decode([ids]);
    for (const truncation of truncations) {
      await tokenizers.cut({ text, pair: null, addSpecialTokens }, truncation);
      await tokenizers.cut({ text, pair, addSpecialTokens }, truncation);
    }
  });
  const until = Date.now() + 1000 * seconds;
  const RUNS = 50;
  let isFirst = true;
  for (let next = seed; isFirst || Date.now() < until; next++) {
    const { path } = values;
    const result = await fc.check(property, { seed: next, numRuns: RUNS, path, includeErrorInReport: true });
    isFirst = false;
    if (!result.failed) continue;
    const again = `npm run test:tokenizers -- --seed ${next} --path ${result.counterexamplePath}`;
    return `${result.errorInstance}\n${JSON.stringify(result.counterexample)}\nagain: ${again}`;
  }
  return null;
}

const random = new Counts();
const failure = await compareRandom(random);
report('random', random.tokenizers, failure, random);

const data = process.env.SPARSE_ADAPTER_DATA;
if (data !== undefined && values.path === undefined) {
  const real = realTexts(data, every);
  const folders = [join(data, 'tokenizers'), join(import.meta.dirname, '..', 'golden', 'data', 'tokenizers')];
  const all = folders.flatMap(tokenizersIn);
  const chosen = values.tokenizer?.split(',') ?? all.map(([name]) => name);
  const unknown = chosen.find((name) => !all.some(([known]) => known === name));
  if (unknown !== undefined)
    throw new Error(`There is no tokenizer ${unknown}; there are: ${all.map(([name]) => name).join(', ')}.`);
  for (const [name, fields] of all.filter(([name]) => chosen.includes(name))) {
    const counts = new Counts();
    let difference: string | null = null;
    try {
      const tokenizers = await BothTokenizers.of(fields, library, counts);
      if (tokenizers === null) throw new Error('both refuse it');
      for (const texts of real) await compareRealTexts(tokenizers, texts);
    } catch (error) {
      difference = `${error}`;
    }
    report(name.replaceAll('_', '-'), counts.texts + counts.pairs + counts.cut, difference, counts);
  }
}

library.close();
console.log(`seed ${seed}, ${seconds} seconds of random tokenizers, one of ${every} real texts`);
process.exitCode = failures > 0 ? 1 : 0;
