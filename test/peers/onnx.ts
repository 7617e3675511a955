/**
 * Loads folders that `convert --to onnx` writes in the runtimes they are for, offline: ONNX Runtime in Node.js, transformers.js there and
 * in Chromium. What these compute must be what our models compute. GLUE, where it lies beside the checkout, says what 8 bits cost.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import {
  type Classification,
  Classifier,
  Embedder,
  QuestionAnswering,
  Seq2Seq,
  TokenClassifier,
} from '../../src/finetune/index.ts';
import { noGrad, setBackend, tidy } from '../../src/index.ts';
import { readJsonObject } from '../../src/io/index.ts';
import {
  architectures as allArchitectures,
  packSequences,
  Seq2SeqModel,
  type TokenSequence,
} from '../../src/models/index.ts';
import { readDocument } from '../docs/markdown.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { root } from '../support/modules.ts';
import { architectureCases } from './onnx/architectures.ts';
import { ask, type Told, taskClasses } from './onnx/ask.ts';
import { openPage, type Page } from './onnx/chromium.ts';
import { encoderDecoderCases } from './onnx/encoder-decoders.ts';
import { correlationsOnStsb, keptOfMrpc } from './onnx/glue.ts';
import { adapterCases, cutCase, type Exported, realCases, tinyCases } from './onnx/models.ts';
import { encoded, ourOutputs, unpadded } from './onnx/ours.ts';
import { decoderLogits, runGraph } from './onnx/runtime.ts';
import { peers } from './project.ts';

await setBackend('wasm');

/** How far the numbers of a file may be from ours. */
const tolerances = { fp32: 2e-4, fp16: 2e-3 } as const;
type Exact = keyof typeof tolerances;
const exactTypes = Object.keys(tolerances) as Exact[];

const maxLengthOf = ({ folder }: Exported) =>
  Number(readJsonObject(join(folder, 'tokenizer_config.json')).model_max_length);

/** Checks the numbers of each text, and that the largest is at the same place. */
function assertNear(actual: readonly number[][], expected: readonly number[][], tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, what);
  for (const [s, own] of expected.entries()) {
    assert.equal(actual[s].length, own.length, what);
    const far = own.findIndex((x, i) => !(Math.abs(x - actual[s][i]) <= tolerance));
    assert.equal(far, -1, `${what}, text ${s}: ${actual[s][far]} where ${own[far]} is expected`);
  }
}

const largest = (values: readonly number[]): number => values.indexOf(Math.max(...values));

function assertOutputs(
  outputs: Told['outputs'],
  expected: Record<string, number[][]>,
  sequences: readonly TokenSequence[],
  dtype: Exact,
  what: string,
): void {
  assert.deepEqual(Object.keys(outputs).sort(), Object.keys(expected).sort());
  const lengths = sequences.map(({ ids }) => ids.length);
  for (const [name, own] of Object.entries(expected)) {
    const actual = unpadded(outputs[name], lengths, name);
    assertNear(actual, own, tolerances[dtype], `${what}, ${name}, ${dtype}`);
    if (name === 'logits' && dtype === 'fp32') assert.deepEqual(actual.map(largest), own.map(largest), what);
  }
}

/** Checks what a pipeline made of the texts. */
async function assertAnswers(exported: Exported, answers: unknown, tolerance: number): Promise<void> {
  const { model, texts, pairs } = exported;
  if (classFor(exported) === null || (pairs && !(model instanceof QuestionAnswering))) {
    // No pipeline takes pairs of texts.
    assert.equal(answers, null);
  } else if (model instanceof Classifier) {
    const own = await model.predictScores(texts);
    const told = answers as readonly (readonly Classification[])[];
    for (const [s, scores] of own.entries()) {
      assert.equal(told[s].length, scores.length);
      for (const { label, score } of scores) {
        // A number has no name here, and the pipeline makes a probability of it.
        const other = told[s].find((answer) => answer.label === (label ?? 'LABEL_0'))?.score;
        const expected = label === null ? 1 : score;
        assert.ok(Math.abs((other ?? Number.NaN) - expected) <= tolerance, `${texts[s]}: ${other} for ${expected}`);
      }
    }
  } else if (model instanceof Embedder) {
    assertNear(answers as number[][], await model.embed(texts, { normalize: true }), tolerance, 'vectors');
  } else if (model instanceof Seq2Seq) {
    // The start token counts here.
    const own = await model.predict(texts, { numBeams: 1, maxLength: 13 });
    assert.deepEqual(
      (answers as string[]).map((text) => text.trim()),
      own.map(({ generatedText }) => generatedText.trim()),
    );
  } else if (model instanceof TokenClassifier) {
    const sequences = texts.map((text) => model.tokenizer.encode(text));
    const { logits } = await ourOutputs({ name: '', folder: '', model, texts, pairs }, sequences);
    const { labels } = model;
    assert.ok(labels);
    for (const [s, found] of (answers as { entity: string; index: number; score: number }[][]).entries()) {
      assert.ok(found.length > 0);
      for (const { entity, index, score } of found) {
        const own = logits[s].slice(index * labels.length, (index + 1) * labels.length);
        const sum = own.reduce((total, x) => total + Math.exp(x), 0);
        assert.equal(entity, labels[largest(own)]);
        assert.ok(Math.abs(score - Math.exp(Math.max(...own)) / sum) <= tolerance);
      }
    }
  } else if (model instanceof QuestionAnswering && pairs) {
    const sequences = texts.map((text, i) => model.tokenizer.encode(text, pairs[i]));
    const own = await ourOutputs({ name: '', folder: '', model, texts, pairs }, sequences);
    const best = sequences.map(({ ids }, s) => bestSpan(ids, own.start_logits[s], own.end_logits[s], model));
    assert.deepEqual(answers, best);
  } else {
    assert.fail(`${model.task} is not checked`);
  }
}

/** The likeliest span of the second text, as the pipeline chooses it. */
function bestSpan(
  ids: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  model: QuestionAnswering,
): string {
  const first = ids.indexOf(model.tokenizer.sepId ?? -1) + 1;
  let best = { score: Number.NEGATIVE_INFINITY, start: 0, end: 0 };
  for (let start = first; start < ids.length - 1; start++) {
    for (let end = start; end < ids.length - 1; end++) {
      const score = starts[start] + ends[end];
      if (score > best.score) best = { score, start, end };
    }
  }
  return model.tokenizer.decode(ids.slice(best.start, best.end + 1));
}

/** Asks transformers.js about a folder, here or in a page, and checks all that it tells. */
async function assertTold(exported: Exported, dtype: Exact, asked: (dtype: string) => Promise<Told>): Promise<void> {
  const { model, pairs } = exported;
  const told = await asked(dtype);
  const sequences = encoded(exported, maxLengthOf(exported));
  sequences.forEach(({ ids, typeIds = [] }, s) => {
    assert.deepEqual(told.ids[s].slice(0, ids.length), [...ids], exported.texts[s]);
    if (told.typeIds) assert.deepEqual(told.typeIds[s].slice(0, ids.length), [...typeIds]);
    else assert.ok([...typeIds].every((type) => type === 0));
  });
  if (pairs && told.typeIds) assert.ok(told.typeIds.every((types) => types.includes(1)));
  if (!(model instanceof Seq2Seq)) {
    assertOutputs(told.outputs, await ourOutputs(exported, sequences), sequences, dtype, exported.name);
  }
  await assertAnswers(exported, told.answers, tolerances[dtype]);
}

const planOf = (exported: Exported, dtype: string) => {
  const { folder, model, texts, pairs } = exported;
  return {
    ...{ folder: basename(folder), task: model.task, className: classFor(exported), dtype, texts, pairs },
  };
};

/** The class of transformers.js for the model and its task; null where there is none. */
function classFor({ model: { task, config } }: Exported): string | null {
  const name = taskClasses[task];
  return library[name].supports(config.model_type) ? name : null;
}

/** An argument chooses models by a part of their names; without one all are tried. */
const only = process.argv[2] ?? '';
const wanted = (all: readonly Exported[]) => all.filter(({ name }) => name.includes(only));
const [adapters, tiny, architectures, relatives, real] = [
  await adapterCases(),
  await tinyCases(),
  await architectureCases(),
  await encoderDecoderCases(),
  await realCases(),
].map(wanted);

const require = createRequire(join(peers, 'resolve.js'));
const library = await import(pathToFileURL(require.resolve('@huggingface/transformers')).href);
library.env.allowRemoteModels = false;

const inNode = suite('onnx: ONNX Runtime in Node.js');

const encoders = [...adapters, ...tiny, ...architectures, ...real].filter(({ model }) => !(model instanceof Seq2Seq));
for (const exported of encoders) {
  inNode(exported.name, async () => {
    const { sequences = encoded(exported, maxLengthOf(exported)) } = exported;
    const expected = await ourOutputs(exported, sequences);
    for (const dtype of exactTypes) {
      const outputs = await runGraph(exported, dtype, sequences);
      assertOutputs(outputs, expected, sequences, dtype, exported.name);
    }
    for (const { values } of Object.values(await runGraph(exported, 'q8', sequences))) {
      assert.ok(Array.from(values).every(Number.isFinite));
    }
  });
}
for (const exported of [...tiny, ...relatives].filter(({ model }) => model instanceof Seq2Seq)) {
  inNode(`${exported.name}: the scores of each next token, the last with caches`, async () => {
    const { network } = exported.model;
    assert.ok(network instanceof Seq2SeqModel);
    const sequences = encoded(exported, maxLengthOf(exported));
    const targets = sequences.map((_, s) => [2, 0, 10 + s, 6, 14, 9]);
    const [source, target] = [sequences, targets.map((ids) => ({ ids }))].map((all) =>
      packSequences(all, network.transformer.positionIds),
    );
    const own = tidy(() => noGrad(() => network.forward({ source, target })));
    const values = Array.from(await own.data());
    const [, width] = own.shape;
    const rows = Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width));
    for (const dtype of exactTypes) {
      const logits = (await decoderLogits(exported, dtype, sequences, targets)).flat();
      assertNear(logits, rows, tolerances[dtype], `${exported.name}, ${dtype}`);
      if (dtype === 'fp32') assert.deepEqual(logits.map(largest), rows.map(largest));
    }
    const whole = (await decoderLogits(exported, 'q8', sequences, targets)).flat(2);
    assert.ok(whole.every(Number.isFinite));
  });
}
inNode('numbers in files beside the model, of which transformers.js is told', async () => {
  const exported = await cutCase();
  const files = readdirSync(join(exported.folder, 'onnx')).filter((name) => name.startsWith('model.onnx_data'));
  assert.ok(files.length > 2);
  const sequences = encoded(exported, maxLengthOf(exported));
  const expected = await ourOutputs(exported, sequences);
  assertOutputs(await runGraph(exported, 'fp32', sequences), expected, sequences, 'fp32', exported.name);
  library.env.localModelPath = dirname(exported.folder);
  await assertTold(exported, 'fp32', (type) => ask(library, planOf(exported, type)));
});
inNode.run();

const inTransformers = suite('onnx: transformers.js in Node.js');
for (const exported of [...tiny, ...architectures, ...relatives, ...real]) {
  inTransformers(exported.name, async () => {
    library.env.localModelPath = dirname(exported.folder);
    for (const dtype of exactTypes) {
      await assertTold(exported, dtype, (type) => ask(library, planOf(exported, type)));
    }
    const { ids } = await ask(library, planOf(exported, 'q8'));
    assert.equal(ids.length, exported.texts.length);
  });
}
inTransformers('the documentation has a row for each encoder, with the classes that load it', () => {
  const [, table] =
    /<!-- classes -->\n+(.*?)\n+<!-- end of classes -->/s.exec(readFileSync(join(root, 'docs/onnx.md'), 'utf8')) ?? [];
  const [names, , ...rows] = (table ?? '').split('\n').map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const classes = names.slice(1).map((name) => name.replaceAll('`', ''));
  const told = rows.flatMap(([types, ...cells]) =>
    types.split(', ').map((type) => [type.replaceAll('`', ''), ...cells] as const),
  );
  const own = allArchitectures().map(({ type }) => [
    type,
    ...classes.map((name) => (library[name].supports(type) ? 'yes' : 'no')),
  ]);
  assert.deepEqual(told.toSorted(), own.toSorted());
});
const shown = real.find(({ model }) => model instanceof Classifier);
if (shown) {
  inTransformers('the program of the documentation', async () => {
    const { blocks } = readDocument(root, 'docs/onnx.md');
    const program = blocks.find(({ kind, value }) => kind === 'js title=' && value === 'classify.js');
    assert.ok(program);
    const folder = temporaryFolder({ 'classify.mjs': program.lines.join('\n') });
    mkdirSync(join(folder, 'models'));
    symlinkSync(shown.folder, join(folder, 'models', 'mail'));
    symlinkSync(peers, join(folder, 'node_modules'));
    const { stdout } = await promisify(execFile)(process.execPath, ['classify.mjs'], { cwd: folder });
    for (const label of shown.model.labels ?? [])
      assert.match(stdout, new RegExp(`label: '${label}', score: 0\\.\\d+`));
  });
}
inTransformers.run();

const inPage = suite('onnx: transformers.js in Chromium');
for (const exported of [...tiny.filter(({ model }) => model instanceof Seq2Seq), ...real]) {
  inPage(exported.name, async () => {
    let page: Page | undefined;
    try {
      const open = await openPage(dirname(exported.folder));
      page = open;
      for (const dtype of exactTypes) await assertTold(exported, dtype, (type) => open.ask(planOf(exported, type)));
      assert.deepEqual(open.outside, []);
    } finally {
      await page?.close();
    }
  });
}
inPage.run();

const { SPARSE_ADAPTER_DATA: data } = process.env;
if (data === undefined) {
  console.log('Not run: 8 bits on MRPC and STS-B; SPARSE_ADAPTER_DATA names no folder with glue/.');
} else if (only === '') {
  const inEightBits = suite('onnx: 8 bits on GLUE');
  inEightBits('MRPC: 97 % of the labels are ours, and the accuracy within a point', async () => {
    const { equal, accuracy } = await keptOfMrpc(join(data, 'glue'));
    const [ours, file] = accuracy;
    console.log(
      `MRPC: ${(100 * equal).toFixed(1)} % of the labels equal, accuracy ${ours.toFixed(2)} and ${file.toFixed(2)}`,
    );
    // More than the share of the larger class.
    assert.ok(ours > 69, `accuracy ${ours}`);
    assert.ok(equal >= 0.97 && Math.abs(ours - file) <= 1, `${equal} ${ours} ${file}`);
  });
  inEightBits('STS-B: the correlation is ours within 0.005', async () => {
    const [ours, file] = await correlationsOnStsb(join(data, 'glue'));
    console.log(`STS-B: Spearman ${ours.toFixed(4)} and ${file.toFixed(4)}`);
    assert.ok(ours > 0.8 && Math.abs(ours - file) <= 0.005, `${ours} ${file}`);
  });
  inEightBits.run();
}
