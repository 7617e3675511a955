import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type AdapterSettings, attachAdapter } from '../../src/adapters/index.ts';
import { memory, noGrad, Random, type Tensor, tidy } from '../../src/index.ts';
import { beamSearch, type ScoredText } from '../../src/models/generation/beam-search.ts';
import { CachedDecoding, type Decoding } from '../../src/models/generation/decoding.ts';
import { argmax, greedyOrSampling } from '../../src/models/generation/greedy-or-sampling.ts';
import { constraintProcessors } from '../../src/models/generation/logits-processors.ts';
import { generationDefaults } from '../../src/models/generation/settings.ts';
import { type GenerationSettings, generate, packSequences, type Seq2SeqModel } from '../../src/models/index.ts';
import { indexSelect } from '../../src/ops/gather.ts';
import { logSoftmax } from '../../src/ops/normalization.ts';
import { assertInputErrorAsync } from '../io/input-error.ts';
import { liven } from '../support/adapters.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { forAllAsync } from '../support/property.ts';
import { tinySeq2Seq } from '../support/tiny-bart.ts';
import { range } from '../support/values.ts';

const test = suite('models: generation');

const source = fc.array(fc.integer({ min: 3, max: 30 }), { minLength: 1, maxLength: 9 });
const sources = fc.array(source, { minLength: 1, maxLength: 4 });

/** Settings of every kind but sampling, with short texts. */
const settings: fc.Arbitrary<Partial<GenerationSettings>> = fc.record({
  maxLength: fc.integer({ min: 2, max: 10 }),
  minLength: fc.nat(2),
  numBeams: fc.integer({ min: 1, max: 4 }),
  lengthPenalty: fc.constantFrom(0, 0.6, 1, 2, -1),
  earlyStopping: fc.boolean(),
  noRepeatNgramSize: fc.constantFrom(0, 1, 2, 3),
  forcedBosTokenId: fc.constantFrom(null, 0, 7),
  forcedEosTokenId: fc.constantFrom(null, 2),
});

/** A decoding that remembers tokens alone and computes everything anew in each step. */
class PlainDecoding implements Decoding {
  readonly #model: Seq2SeqModel;
  readonly #sources: readonly (readonly number[])[];
  #texts: { readonly source: number; readonly tokens: readonly number[] }[];

  constructor(model: Seq2SeqModel, all: readonly (readonly number[])[]) {
    this.#model = model;
    this.#sources = all;
    this.#texts = all.map((_, i) => ({ source: i, tokens: [] }));
  }

  advance(parents: readonly number[], ids: readonly number[]): Tensor {
    this.#texts = parents.map((parent, i) => {
      const { source, tokens } = this.#texts[parent];
      return { source, tokens: [...tokens, ids[i]] };
    });
    const { transformer: bart } = this.#model;
    return noGrad(() =>
      tidy(() => {
        const read = packSequences(
          this.#texts.map(({ source }) => ({ ids: this.#sources[source] })),
          bart.positionIds,
        );
        const written = packSequences(
          this.#texts.map(({ tokens }) => ({ ids: tokens })),
          bart.positionIds,
        );
        const last = Array.from(written.offsets.subarray(1), (end) => end - 1);
        return this.#model.logits(indexSelect(bart.forward(read, written), last));
      }),
    );
  }

  dispose(): void {}
}

/** Generates as {@link generate}, without a cache. */
async function generatePlainly(
  model: Seq2SeqModel,
  all: readonly (readonly number[])[],
  some: Partial<GenerationSettings>,
): Promise<ScoredText[][]> {
  const complete = { ...generationDefaults, ...some };
  const constrain = constraintProcessors(complete, model.config);
  const decoding = new PlainDecoding(model, all);
  if (complete.numBeams > 1) {
    return beamSearch(decoding, model.config, { sources: all.length, settings: complete, constrain });
  }
  const { maxLength } = complete;
  const options = { sources: all.length, textsPerSource: 1, maxLength, constrain, choose: argmax };
  return (await greedyOrSampling(decoding, model.config, options)).map((ids) => [{ ids, score: null }]);
}

/** The same tokens, and scores that differ by rounding alone. */
function assertSameTexts(got: ScoredText[][], expected: ScoredText[][]): void {
  const ids = (texts: ScoredText[][]) => texts.map((own) => own.map((text) => text.ids));
  assert.deepEqual(ids(got), ids(expected));
  const scores = (texts: ScoredText[][]) => texts.flat().map(({ score }) => score ?? 0);
  scores(expected).forEach((score, i) => {
    assert.ok(Math.abs(scores(got)[i] - score) <= 1e-4 * Math.max(1, Math.abs(score)), `score ${i}`);
  });
}

const adapters: (AdapterSettings | null)[] = [
  null,
  { kind: 'houlsby', bottleneck: 3 },
  { kind: 'lora', rank: 2, init: 'bert' },
  { kind: 'prefix', prefixLength: 2, prefixBottleneck: 3 },
  { kind: 'prompt-tuning', promptLength: 3 },
  { kind: 'prefix', prefixLength: 2, prefixFlat: true, prefixShiftsPositions: true, prefixAttentions: ['self'] },
];

onEveryBackend(test, 'with the cache the texts are those without it', async () => {
  for (const adapter of adapters) {
    const model = tinySeq2Seq();
    if (adapter) liven(attachAdapter(model, adapter));
    await forAllAsync(
      fc.record({ sources, settings }),
      async (given) => {
        assertSameTexts(
          await generate(model, given.sources, given.settings),
          await generatePlainly(model, given.sources, given.settings),
        );
      },
      8,
    );
  }
});

onEveryBackend(test, 'a batch gives what its sources give one at a time', async () => {
  const model = tinySeq2Seq();
  await forAllAsync(
    fc.record({ sources, settings }),
    async (given) => {
      const alone: ScoredText[][] = [];
      for (const ids of given.sources) alone.push(...(await generate(model, [ids], given.settings)));
      assertSameTexts(await generate(model, given.sources, given.settings), alone);
    },
    8,
  );
});

test('nothing is left behind', async () => {
  const model = tinySeq2Seq();
  const before = memory();
  for (const some of [{}, { numBeams: 3, numReturnSequences: 2 }]) await generate(model, [[5, 6], [7]], some);
  assert.deepEqual(memory(), before);
});

test('one beam that stops early is greedy search', async () => {
  const model = tinySeq2Seq();
  await forAllAsync(fc.record({ sources, settings }), async (given) => {
    const complete = { ...generationDefaults, ...given.settings, numBeams: 1, earlyStopping: true };
    const packed = packSequences(
      given.sources.map((ids) => ({ ids })),
      model.transformer.positionIds,
    );
    const decoding = new CachedDecoding(model, packed);
    const beams = await beamSearch(decoding, model.config, {
      sources: given.sources.length,
      settings: complete,
      constrain: constraintProcessors(complete, model.config),
    });
    decoding.dispose();
    const greedy = await generate(model, given.sources, complete);
    assert.deepEqual(
      beams.map(([{ ids }]) => ids),
      greedy.map(([{ ids }]) => ids),
    );
  });
});

test('with beams enough the search is exhaustive', async () => {
  const config = { vocab_size: 5, max_position_embeddings: 8 };
  const maxLength = 4;
  for (const lengthPenalty of [0, 1, 2]) {
    for (const ids of [
      [3, 4],
      [4, 4, 3, 0, 3],
    ]) {
      const model = tinySeq2Seq(config);
      const all = await everyText(model, ids, maxLength);
      all.sort((a, b) => b.sum / b.length ** lengthPenalty - a.sum / a.length ** lengthPenalty);
      const numBeams = 150;
      const [texts] = await generate(model, [ids], { maxLength, numBeams, numReturnSequences: 6, lengthPenalty });
      assert.deepEqual(
        texts.map((text) => text.ids),
        all.slice(0, 6).map((text) => text.tokens),
      );
    }
  }
});

/** Every text that can be written, with its log-probability and the length that its score is divided by. */
async function everyText(model: Seq2SeqModel, ids: readonly number[], maxLength: number) {
  const { decoder_start_token_id: start, eos_token_id: end, vocab_size } = model.config;
  const found: { tokens: number[]; sum: number; length: number }[] = [];
  const visit = (tokens: number[], sum: number) => {
    if (tokens.length === maxLength) {
      found.push({ tokens, sum, length: maxLength });
      return;
    }
    const next = tidy(() => {
      const decoding = new PlainDecoding(model, [ids]);
      let scores: Tensor | undefined;
      for (const id of tokens) scores = decoding.advance([0], [id]);
      return logSoftmax(scores!).dataSync();
    });
    for (const id of range(vocab_size)) {
      if (id === end) found.push({ tokens: [...tokens, end], sum: sum + next[id], length: tokens.length });
      else visit([...tokens, id], sum + next[id]);
    }
  };
  visit([start], 0);
  return found;
}

test('constraints hold in every text', async () => {
  const model = tinySeq2Seq();
  await forAllAsync(fc.record({ sources, settings }), async (given) => {
    const {
      maxLength,
      minLength,
      noRepeatNgramSize: n,
      forcedBosTokenId,
      forcedEosTokenId,
    } = { ...generationDefaults, ...given.settings };
    for (const { ids } of (await generate(model, given.sources, given.settings)).flat()) {
      assert.equal(ids[0], 2);
      assert.ok(ids.length <= maxLength);
      if (ids.length < maxLength) assert.equal(ids[ids.length - 1], 2);
      // A forced first token goes before everything else, and a forced last one.
      if (forcedBosTokenId !== null && ids.length > 2) assert.equal(ids[1], forcedBosTokenId);
      if (forcedEosTokenId !== null && maxLength > 2) assert.equal(ids[ids.length - 1], forcedEosTokenId);
      const end = ids.indexOf(2, 1);
      if (end >= 0 && ids.length < maxLength) assert.ok(end >= minLength, `${ids} ends before ${minLength}`);
      if (n === 0 || forcedBosTokenId !== null) continue;
      const free = ids.slice(0, forcedEosTokenId === null ? ids.length : ids.length - 1);
      const runs = range(free.length - n + 1).map((i) => free.slice(i, i + n).join());
      assert.equal(new Set(runs).size, runs.length, `${free} repeats ${n} tokens`);
    }
  });
});

const sampled = { maxLength: 10, sampling: { temperature: 1.5, topK: 0, topP: 1 } };

test('samples follow from the seed, whatever the batches are', async () => {
  const model = tinySeq2Seq();
  const read = [[5, 6, 7], [9], [12, 4]];
  const texts = (seed: number, batchSize?: number) =>
    generate(model, read, { ...sampled, numReturnSequences: 2 }, { random: new Random(seed), batchSize });
  assert.deepEqual(await texts(1), await texts(1));
  assert.deepEqual(await texts(1), await texts(1, 1));
  assert.notDeepEqual(await texts(1), await texts(2));
  const [[first, second]] = await texts(1);
  assert.notDeepEqual(first, second);
});

test('tokens are drawn as often as they are likely', async () => {
  const model = tinySeq2Seq({ vocab_size: 6 });
  const count = 4000;
  const options = { random: new Random(3) };
  const sampling = { temperature: 2, topK: 0, topP: 1 };
  const drawn = (await generate(model, [[3, 4]], { maxLength: 2, numReturnSequences: count, sampling }, options))[0];
  const scores = tidy(() => {
    const logits = new PlainDecoding(model, [[3, 4]]).advance([0], [2]).dataSync();
    return Array.from(logits, (logit) => Math.exp(logit / 2));
  });
  const total = scores.reduce((sum, x) => sum + x, 0);
  scores.forEach((score, id) => {
    const p = score / total;
    const share = drawn.filter(({ ids }) => ids[1] === id).length / count;
    const deviation = Math.sqrt((p * (1 - p)) / count);
    assert.ok(Math.abs(share - p) < 4 * deviation + 1e-3, `token ${id}: ${share} of the draws, probability ${p}`);
  });
});

test('a choice of one is greedy search', async () => {
  const model = tinySeq2Seq();
  await forAllAsync(
    sources,
    async (read) => {
      const greedy = await generate(model, read, { maxLength: 10 });
      for (const narrow of [{ topK: 1 }, { topP: 1e-9 }, { temperature: 1e-4 }, { temperature: 1e-300 }]) {
        const sampling = { temperature: 1, topK: 0, topP: 1, ...narrow };
        assert.deepEqual(await generate(model, read, { maxLength: 10, sampling }, { random: new Random(5) }), greedy);
      }
    },
    6,
  );
});

test('tokens are told as they come, in the end the whole text', async () => {
  const model = tinySeq2Seq();
  const read = [[5, 6, 7], [9], [12, 4]];
  for (const some of [{}, { numBeams: 3 }]) {
    const told: number[][] = read.map(() => []);
    const done: number[] = [];
    const texts = await generate(model, read, some, {
      batchSize: 2,
      onToken: (s, id) => told[s].push(id),
      onDone: (count) => done.push(count),
    });
    assert.deepEqual(
      told,
      texts.map(([{ ids }]) => ids.slice(1)),
    );
    assert.deepEqual(done, [2, 3]);
  }
});

test('what is thrown before a step stops it and frees everything', async () => {
  const model = tinySeq2Seq();
  const before = memory();
  let steps = 0;
  const beforeStep = async () => {
    if (++steps === 3) throw new Error('stop');
  };
  await assert.rejects(generate(model, [[5, 6]], { minLength: 10, numBeams: 2 }, { beforeStep }), /stop/);
  assert.deepEqual(memory(), before);
});

test('settings out of range or against each other are named', async () => {
  const model = tinySeq2Seq();
  const sampling = { temperature: 1, topK: 0, topP: 1 };
  const wrong: [Partial<GenerationSettings>, RegExp][] = [
    [{ maxLength: 1 }, /maxLength must be a whole number from 2 on, not 1/],
    [{ maxLength: 30 }, /maxLength 30 exceeds the 24 positions/],
    [{ minLength: 21 }, /minLength 21 exceeds maxLength 20/],
    [{ numBeams: 0 }, /numBeams/],
    [{ numReturnSequences: 2 }, /numReturnSequences 2 exceeds numBeams 1/],
    [{ numBeams: 1e6 }, /numBeams must be a whole number from 1 to 1000: every token is computed for each of them/],
    [{ sampling, numReturnSequences: 1e9 }, /numReturnSequences 1000000000 needs [\d.]+ GiB/],
    [{ lengthPenalty: Number.NaN }, /lengthPenalty/],
    [{ noRepeatNgramSize: 1.5 }, /noRepeatNgramSize/],
    [{ forcedBosTokenId: 99 }, /forcedBosTokenId 99/],
    [{ numBeams: 2, sampling }, /sampling/],
    [{ sampling: { ...sampling, temperature: 0 } }, /temperature/],
    [{ sampling: { ...sampling, topK: -1 } }, /topK/],
    [{ sampling: { ...sampling, topP: 0 } }, /topP/],
  ];
  for (const [some, pattern] of wrong) await assertInputErrorAsync(() => generate(model, [[5]], some), pattern);
  await assert.rejects(generate(model, [[5]], { sampling }), /generator of random numbers/);
});

test.run();
