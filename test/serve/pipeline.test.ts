import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import fc from 'fast-check';
import { suite } from 'uvu';
import { finetune, houlsby, load } from '../../src/finetune/index.ts';
import { FeatureTensor, type PipelineTask, pipeline } from '../../src/serve/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { runOf } from '../support/serve-runs.ts';
import { tinyFolder, vocabulary } from '../support/tiny-model.ts';

const test = suite('serve: pipeline');

const runs = new Map<PipelineTask, Promise<string>>();
const run = (task: PipelineTask): Promise<string> => {
  const path = runs.get(task) ?? runOf(task);
  runs.set(task, path);
  return path;
};

const words = vocabulary.slice(8);
const text = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 12 }).map((some) => some.join(' '));
const texts = fc.array(text, { minLength: 1, maxLength: 9 });
const times = { numRuns: 15 };

test('text-classification: the shapes of transformers.js', async () => {
  await using classify = await pipeline('text-classification', await run('text-classification'));
  const one = await classify('the film is good');
  assert.deepEqual([one.length, Object.keys(one[0])], [1, ['label', 'score']]);
  const all = await classify('the film is good', { top_k: null });
  assert.deepEqual(all.map(({ label }) => label).sort(), ['bad', 'fine', 'good']);
  assert.ok(all[0].score >= all[1].score && all[1].score >= all[2].score);
  assert.deepEqual(all[0], one[0]);
  const flat = await classify(['the film is good', 'a book']);
  assert.deepEqual([flat.length, flat[0]], [2, one[0]]);
  const nested = await classify(['the film is good', 'a book'], { top_k: 2 });
  assert.deepEqual(nested[0], all.slice(0, 2));
  assert.deepEqual(
    nested.map(({ length }) => length),
    [2, 2],
  );
  assert.deepEqual(await classify([]), []);
});

test('token-classification: tokens and entities with their places', async () => {
  await using label = await pipeline('token-classification', await run('token-classification'));
  const input = 'the film is good and the old book is not';
  const tokens = await label(input, { ignore_labels: [] });
  assert.deepEqual(
    tokens.map(({ word, start, end, index }) => [input.slice(start, end), index, word]),
    input.split(' ').map((word, i) => [word, i + 1, word]),
  );
  assert.deepEqual(
    await label(input),
    tokens.filter(({ entity }) => entity !== 'O'),
  );
  const groups = await label(input, { aggregation_strategy: 'simple', ignore_labels: [] });
  assert.equal(groups.map(({ word }) => word).join(' '), input);
  assert.ok(
    groups.every(({ entity_group, score }) => /^(O|thing|word)$/.test(entity_group) && score > 0 && score <= 1),
  );
  assert.deepEqual(await label([input, 'a film']), [await label(input), await label('a film')]);
});

test('token-classification: a word that the vocabulary lacks has its token', async () => {
  await using label = await pipeline('token-classification', await run('token-classification'));
  const tokens = await label('the zzz', { ignore_labels: [] });
  assert.deepEqual(
    tokens.map(({ word, start, end }) => [word, start, end]),
    [
      ['the', 0, 3],
      ['[UNK]', 4, 7],
    ],
  );
});

test('token-classification: a text of any length, each token once', async () => {
  await using label = await pipeline('token-classification', await run('token-classification'));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 90 }), async (some) => {
      const tokens = await label(some.join(' '), { ignore_labels: [] });
      assert.deepEqual(
        tokens.map(({ index }) => index),
        tokens.map((_, i) => i + 1),
      );
      const read = tokens.map(({ start, end }) => some.join(' ').slice(start, end));
      assert.equal(read.join(''), some.join(''));
    }),
    times,
  );
});

test('question-answering: one answer, or several, for a question or a list', async () => {
  await using answer = await pipeline('question-answering', await run('question-answering'));
  const context = 'the film is good and the book is dull';
  const best = await answer('the film', context);
  assert.deepEqual(Object.keys(best), ['answer', 'score', 'start', 'end']);
  assert.equal(context.slice(best.start, best.end), best.answer);
  const three = await answer('the film', context, { top_k: 3 });
  assert.deepEqual([three.length, three[0]], [3, best]);
  assert.deepEqual(await answer(['the film', 'a book'], [context, context]), [best, await answer('a book', context)]);
  const nested = await answer(['the film'], [context], { top_k: 2 });
  assert.deepEqual(nested, [three.slice(0, 2)]);
  const model = await load(await run('question-answering'), { task: 'question-answering' });
  assert.deepEqual(await model.predict({ question: 'the film', context }), best);
  model.dispose();
});

test('summarization: a list of summaries', async () => {
  await using summarize = await pipeline('summarization', await run('summarization'));
  const one = await summarize('the film is good', { max_new_tokens: 8, num_beams: 2 });
  assert.deepEqual([one.length, Object.keys(one[0])], [1, ['summary_text']]);
  const drawn = { max_new_tokens: 8, do_sample: true };
  const [first, , third] = await summarize(['the film is good', 'a book', 'the film is good'], drawn);
  assert.deepEqual(third, first, 'a draw does not depend on what else is asked');
  const model = await load(await run('summarization'), { task: 'text2text-generation' });
  const { generatedText } = await model.predict('the film is good', { maxLength: 9, numBeams: 2 });
  assert.equal(one[0].summary_text, generatedText);
  model.dispose();
});

test('summarization: what cannot be generated is refused under the names of the caller', async () => {
  await using summarize = await pipeline('summarization', await run('summarization'));
  for (const [options, message] of [
    [{ max_new_tokens: 1000 }, /max_new_tokens 1000 exceeds the \d+ positions/],
    [{ max_length: 1000 }, /max_length 1000 exceeds the \d+ positions/],
    [{ max_new_tokens: 4, min_new_tokens: 5 }, /min_new_tokens 5 exceeds max_new_tokens 4/],
    [{ max_length: 4, min_length: 5 }, /min_length 5 exceeds max_length 4/],
    [{ num_return_sequences: 3 }, /num_return_sequences 3 exceeds num_beams 1/],
    [{ max_new_tokens: 0 }, /max_new_tokens must be a whole number above 0, not 0/],
    [{ num_beams: 0 }, /num_beams must be a whole number from 1 to 1000: .*, not 0/],
    [{ num_return_sequences: 0 }, /num_return_sequences must be a whole number above 0, not 0/],
    [{ do_sample: true, temperature: 0 }, /temperature must be a number above 0, not 0/],
    [{ do_sample: true, top_p: 2 }, /top_p must be in \(0, 1\], not 2/],
    [{ do_sample: true, num_beams: 2 }, /sampling goes without beams; use num_beams 1/],
  ] as const) {
    await assertRejectsInput(() => summarize('the film is good', options), message);
  }
});

test('summarization: a call that draws leaves out the beams of the run', async () => {
  const path = join(temporaryFolder(), 'beams');
  cpSync(await run('summarization'), path, { recursive: true });
  const file = join(path, 'sparse-adapter.json');
  const record = JSON.parse(readFileSync(file, 'utf8'));
  record.settings.numBeams = 2;
  writeFileSync(file, JSON.stringify(record));
  await using withBeams = await pipeline('summarization', path);
  await using without = await pipeline('summarization', await run('summarization'));
  const options = { max_new_tokens: 6, do_sample: true };
  assert.deepEqual(await withBeams('the film is good', options), await without('the film is good', options));
});

test('feature-extraction: a tensor', async () => {
  await using embed = await pipeline('feature-extraction', await run('feature-extraction'));
  const tokens = await embed('the film');
  assert.deepEqual(tokens.dims, [1, 4, 16]);
  const listed = tokens.tolist() as number[][][];
  assert.deepEqual([listed.length, listed[0].length, listed[0][3].length], [1, 4, 16]);
  assert.equal(listed[0][3][15], tokens.data[63]);
  const padded = await embed(['the film', 'a very good film']);
  assert.deepEqual(padded.dims, [2, 6, 16]);
  assert.deepEqual(padded.data.slice(0, 64), tokens.data);
  assert.ok(padded.data.subarray(64, 96).every((x) => x === 0));
  const firsts = await embed(['the film'], { pooling: 'cls' });
  assert.deepEqual([firsts.dims, firsts.data], [[1, 16], tokens.data.slice(0, 16)]);
  const last = await embed('the film', { pooling: 'last_token' });
  assert.deepEqual(last.data, tokens.data.slice(48));
  for (const pooling of ['none', 'mean', 'cls', 'eos'] as const) {
    const { data } = await embed('the film', { pooling, normalize: true });
    const length = Math.sqrt(data.subarray(0, 16).reduce((sum, x) => sum + x * x, 0));
    assert.ok(Math.abs(length - 1) < 1e-6, `${pooling}: ${length}`);
  }
  assert.ok(tokens instanceof FeatureTensor && tokens.type === 'float32' && tokens.size === 64);
});

test('a pair of texts', async () => {
  const path = await run('text-classification');
  await using classify = await pipeline('text-classification', path);
  const model = await load(path, { task: 'text-classification' });
  const [best] = await classify({ text: 'the film', text_pair: 'a book' });
  assert.deepEqual(best, await model.predict({ text: 'the film', textPair: 'a book' }));
  // Pairs and single texts may be asked together.
  const mixed = await classify(['the film', { text: 'the film', text_pair: 'a book' }]);
  assert.deepEqual(mixed[1], best);
  model.dispose();
});

test('a model of pairs says in the words of a pipeline what it is asked for', async () => {
  const data = temporaryFolder({ 'pairs.csv': 'a,b,label\ngood,film,x\nbad,film,y\n' });
  const output = `${data}/run`;
  const adapter = houlsby({ bottleneck: 2 });
  const common = { model: tinyFolder(), adapter, maxLength: 16, epochs: 1, output };
  await finetune({ ...common, data: `${data}/pairs.csv`, text: ['a', 'b'], label: 'label' });
  await using classify = await pipeline('text-classification', output);
  assert.equal((await classify([{ text: 'good', text_pair: 'film' }])).length, 1);
  await assertRejectsInput(
    () => classify([{ text: 'good', text_pair: 'film' }, 'good']),
    /^The input is one text; the model was trained on pairs \{ text, text_pair \}\.$/,
  );
});

test('a model that was loaded answers too, and stays', async () => {
  const model = await load(await run('text-classification'), { task: 'text-classification' });
  const classify = await pipeline('text-classification', model);
  const [{ label, score }] = await classify('the film is good');
  await classify.dispose();
  assert.deepEqual(await model.predict('the film is good'), { label, score });
  model.dispose();
});

test('in a worker: the same bits as in the thread of the caller', async () => {
  const path = await run('text-classification');
  const model = await load(path, { task: 'text-classification' });
  await using here = await pipeline('text-classification', path);
  await using there = await pipeline('text-classification', path, { workers: 2, threads: 1, maxBatch: 3 });
  await fc.assert(
    fc.asyncProperty(texts, async (some) => {
      const expected = await model.predictScores(some, { batchSize: 64 });
      const byLabel = (a: { label: string | null }, b: { label: string | null }) =>
        `${a.label}` < `${b.label}` ? -1 : 1;
      const all = { top_k: null };
      assert.deepEqual(
        (await here(some, all)).map((own) => own.toSorted(byLabel)),
        expected.map((own) => own.sort(byLabel)),
      );
      assert.deepEqual(await there(some, all), await here(some, all));
    }),
    times,
  );
  model.dispose();
});

test('wrong inputs and options are told of in one line', async () => {
  await using classify = await pipeline('text-classification', await run('text-classification'));
  const untyped = classify as (...given: unknown[]) => Promise<unknown>;
  await assertRejectsInput(
    () => pipeline('text-classification', 'x', { onRestart: 3 as never }),
    /onRestart must be a function, not 3/,
  );
  for (const [given, message] of [
    [[3], /^The input is 3; it must be a text or \{ text, text_pair \}\.$/],
    [[['a', null]], /^inputs\[1\] is null/],
    [[{ text: 'a', textPair: 'b' }], /has a field "textPair"; there are text and text_pair/],
    [['a', { topK: 2 }], /text-classification.*topK/],
    [['a', { top_k: 0 }], /top_k must be a whole number above 0/],
    [['a', 3], /options must be an object, not 3/],
    [['a', { signal: true }], /signal must be an AbortSignal, not true/],
  ] as const) {
    await assertRejectsInput(() => untyped(...given), message);
  }
  await using answer = await pipeline('question-answering', await run('question-answering'));
  const untypedAnswer = answer as (...given: unknown[]) => Promise<unknown>;
  await assertRejectsInput(() => untypedAnswer('a'), /its context is missing; it must be a text/);
  await assertRejectsInput(() => untypedAnswer('a', ' '), /its context is empty/);
  await assertRejectsInput(
    () => untypedAnswer(['a'], ['b', 'c']),
    /There are 1 questions; give a list of as many contexts/,
  );
});

test('what is no pipeline is refused', async () => {
  const path = await run('text-classification');
  const untyped = pipeline as (...given: unknown[]) => Promise<unknown>;
  for (const [given, message] of [
    [['translation', path], /task of a pipeline must be one of text-classification, .*not "translation"/],
    [['summarization', path], /was trained for text-classification, not for text2text-generation/],
    [['text-classification', { task: 'x' }], /needs the folder or the name of a model/],
    [['text-classification', '/no/such/folder'], /no\/such\/folder/],
    [['text-classification', '/no/such/folder', { workers: 1 }], /no\/such\/folder/],
    [['text-classification', path, null], /pipeline: .*not null/],
    [['text-classification', path, { workers: -1 }], /workers must be a whole number/],
    [['text-classification', path, { device: 'wasm' }], /device/],
    [['text-classification', path, { threads: 2 }], /threads is for workers/],
  ] as const) {
    await assertRejectsInput(() => untyped(...given), message);
  }
});

test('a signal ends a call, and a call for a list ends as one', async () => {
  await using classify = await pipeline('text-classification', await run('text-classification'), { maxQueue: 4 });
  const end = new AbortController();
  const called = classify(Array<string>(40).fill('the film'), { signal: end.signal });
  end.abort(new Error('not needed any more'));
  await assert.rejects(called, /not needed any more/);
  assert.deepEqual((await classify(Array<string>(40).fill('the film'))).length, 40);
});

test('a signal ends a call for a list that waits for room', async () => {
  const maxWait = 60_000;
  await using classify = await pipeline('text-classification', await run('text-classification'), {
    maxQueue: 2,
    maxWait,
  });
  const others = classify(['a film', 'a book']);
  const end = new AbortController();
  const called = classify(['the film'], { signal: end.signal });
  await nextTick();
  end.abort(new Error('not needed any more'));
  await assert.rejects(called, /not needed any more/);
  assert.deepEqual(classify.queue.waiting, 2);
  await classify.dispose();
  assert.deepEqual((await others).length, 2);
});

test.run();
