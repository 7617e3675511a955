import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type AdapterSettings, completeSettings } from '../../src/adapters/index.ts';
import { Classifier, houlsby, load, MultipleChoice } from '../../src/finetune/index.ts';
import { memory, setBackend } from '../../src/index.ts';
import type { HeldDType } from '../../src/nn/index.ts';
import { AdapterBank } from '../../src/serve/adapter-bank.ts';
import { answerRequests } from '../../src/serve/answer-requests.ts';
import type { AnswerOutcome, AnswerRequest, PipelineTask } from '../../src/serve/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { liven, maskRandomly, smallSettings, titleOf } from '../support/adapters.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { forAllAsync } from '../support/property.ts';
import { runOf } from '../support/serve-runs.ts';
import { tinyFolder, vocabulary } from '../support/tiny-model.ts';

const test = suite('serve: a bank of adapters');

test.before(async () => {
  await setBackend('wasm', { threads: 1 });
});

const folder = tinyFolder();
const root = temporaryFolder();
let runs = 0;

/** Saves a classifier with a lively adapter, half of whose prunable weights are pruned. */
async function classifierRun(settings: AdapterSettings, backboneDtype: HeldDType = 'float32'): Promise<string> {
  const name = String(runs++);
  const labels = ['a', 'b', `c${name}`].slice(0, 2 + (runs % 2));
  const model = await Classifier.fromPretrained(folder, { labels, seed: runs, maxLength: 16, backboneDtype });
  const fused = settings.kind === 'fusion' ? ['one', 'two'] : [];
  const adapter = model.addAdapter(
    fused.length > 0 ? { kind: 'fusion', adapters: fused } : settings,
    fused.map((name) => ({ name, run: name, settings: completeSettings({ kind: 'pfeiffer', bottleneck: 3 }) })),
  );
  for (const name of fused) liven(model.adapters.get(name), `${name} ${runs}`);
  liven(adapter, name);
  if (runs % 2 === 0) maskRandomly(adapter.prunable);
  const path = join(root, name);
  await model.savePretrained(path);
  model.dispose();
  return path;
}

const text = fc
  .array(fc.constantFrom(...vocabulary.slice(8)), { minLength: 1, maxLength: 14 })
  .map((words) => words.join(' '));

const inputs: Readonly<Record<string, (text: string) => unknown>> = {
  'question-answering': (text) => ({ question: 'the film', context: text }),
};

/** One of the adapters that are to be compared, and what it is asked. */
interface Served {
  readonly name: string;
  readonly path: string;
  readonly task: PipelineTask;
}

const requestTo = ({ name, task }: Served, text: string): AnswerRequest => ({
  task,
  input: inputs[task]?.(text) ?? text,
  options: task === 'text-classification' ? { top_k: null } : {},
  adapter: name,
});

/** Fails unless adapters answer in one batch as each of them does alone, as it is loaded by a program: bit for bit. */
async function assertAlike(served: readonly Served[], times: number): Promise<void> {
  const bank = await AdapterBank.open({ adapters: served });
  const alone = new Map<string, Awaited<ReturnType<typeof load>>>();
  for (const { name, path } of served) alone.set(name, await load(path));
  const asked = fc.array(fc.tuple(fc.nat(served.length - 1), text), { minLength: 1, maxLength: 24 });
  await forAllAsync(
    asked,
    async (some) => {
      const requests = some.map(([i, text]) => requestTo(served[i], text));
      const together = await bank.answer(requests);
      for (const [i, request] of requests.entries()) {
        const model = alone.get(request.adapter ?? '');
        assert.ok(model);
        assert.deepEqual([together[i]], await answerRequests(model, [request]), `request ${i}, ${request.adapter}`);
      }
    },
    times,
  );
  for (const model of alone.values()) model.dispose();
  bank.dispose();
}

const classifierOf = async (settings: AdapterSettings, dtype?: HeldDType): Promise<Served> => ({
  name: `${titleOf(settings)} ${runs}`,
  path: await classifierRun(settings, dtype),
  task: 'text-classification',
});

test('adapters of every family in one batch: each as alone', async () => {
  const served: Served[] = [];
  for (const settings of Object.values(smallSettings).flat()) served.push(await classifierOf(settings));
  await assertAlike(served, 25);
});

for (const dtype of ['float16', 'int8'] as const) {
  test(`adapters of a backbone in ${dtype}`, async () => {
    const kinds: readonly AdapterSettings[] = [
      { kind: 'houlsby', bottleneck: 3 },
      { kind: 'lora', rank: 2, init: 'bert' },
      { kind: 'prefix', prefixLength: 2, prefixBottleneck: 3 },
      { kind: 'ln-tuning' },
    ];
    const served: Served[] = [];
    for (const settings of kinds) served.push(await classifierOf(settings, dtype));
    await assertAlike(served, 10);
  });
}

test('models of every task, one backbone', async () => {
  const tasks = ['text-classification', 'token-classification', 'question-answering', 'feature-extraction'] as const;
  const served: Served[] = [];
  for (const task of [...tasks, 'summarization'] as const) served.push({ name: task, path: await runOf(task), task });
  await assertAlike(served, 10);
});

const labelsOf = (outcome: AnswerOutcome): string[] =>
  'value' in outcome
    ? (outcome.value as { label: string }[]).map(({ label }) => label).sort()
    : [outcome.error.message];

test('adapters come and go while others answer, and leave no memory behind', async () => {
  const settings = { kind: 'houlsby', bottleneck: 3 };
  const [first, second] = [await classifierOf(settings), await classifierOf(settings)];
  const before = memory();
  const bank = await AdapterBank.open({ adapters: [first] });
  await bank.answer([requestTo(first, 'the film')]);
  const one = memory();
  const facts = await bank.control({ load: { name: second.name, path: second.path } });
  assert.deepEqual(
    facts.adapters.map(({ name, task, kind, texts }) => [name, task, kind, texts]),
    [first, second].map(({ name }) => [name, 'text-classification', 'houlsby', null]),
  );
  const running = bank.answer([requestTo(first, 'the film'), requestTo(second, 'the film')]);
  const after = await bank.control({ unload: second.name });
  assert.deepEqual(
    after.adapters.map(({ name }) => name),
    [first.name],
  );
  const [own, other] = await running;
  assert.ok('value' in own && 'value' in other, 'what was asked before is answered');
  const [kept, gone] = await bank.answer([requestTo(first, 'the film'), requestTo(second, 'the film')]);
  assert.deepEqual(kept, own);
  assert.match(labelsOf(gone)[0], /There is no adapter/);
  assert.deepEqual(memory(), one);
  bank.dispose();
  assert.deepEqual(memory(), before);
});

test('the weights of a backbone are there once', async () => {
  const settings = { kind: 'houlsby', bottleneck: 2 };
  const paths = [await classifierRun(settings), await classifierRun(settings), await classifierRun(settings)];
  const bank = await AdapterBank.open({ adapters: [{ name: '0', path: paths[0] }] });
  const backbone = memory();
  for (const [i, path] of paths.slice(1).entries()) await bank.control({ load: { name: `${i + 1}`, path } });
  const grown = (memory().bytes - backbone.bytes) / 2;
  const alone = await load(paths[0]);
  const whole = memory().bytes - backbone.bytes - 2 * grown;
  assert.ok(grown < whole / 3, `an adapter takes ${grown} bytes, a model ${whole}`);
  alone.dispose();
  bank.dispose();
});

test('a request that cannot be answered does not harm the others', async () => {
  const served = await classifierOf({ kind: 'houlsby', bottleneck: 3 });
  const prompt = await classifierOf({ kind: 'prompt-tuning', promptLength: 20 });
  const bank = await AdapterBank.open({ adapters: [served, prompt] });
  const good = requestTo(served, 'the film is good');
  const [alone] = await bank.answer([good]);
  const long = Array.from({ length: 14 }, () => 'film').join(' ');
  const outcomes = await bank.answer([
    good,
    { ...good, input: 3 },
    requestTo(prompt, long),
    { ...good, task: 'summarization' },
    good,
  ]);
  assert.deepEqual([outcomes[0], outcomes[4]], [alone, alone]);
  assert.deepEqual(
    outcomes.map((outcome) => 'error' in outcome && outcome.error.name),
    [false, 'InputError', 'InputError', 'InputError', false],
  );
  bank.dispose();
});

test('what cannot be loaded is an error, and nothing is left of it', async () => {
  const served = await classifierOf({ kind: 'houlsby', bottleneck: 3 });
  const bank = await AdapterBank.open({ adapters: [served] });
  const choosing = join(temporaryFolder(), 'choosing');
  const chooser = await MultipleChoice.fromPretrained(folder, { maxLength: 20 });
  chooser.addAdapter(houlsby({ bottleneck: 3 }));
  await chooser.savePretrained(choosing);
  chooser.dispose();
  const before = memory();
  await assertRejectsInput(() => bank.control({ load: { name: served.name, path: served.path } }), /already/);
  await assertRejectsInput(() => bank.control({ load: { name: 'x', path: join(root, 'none') } }), /none/);
  await assertRejectsInput(
    () => bank.control({ load: { name: 'x', path: choosing } }),
    /choosing was trained for multiple-choice, which a server does not answer; .*predict/,
  );
  await assertRejectsInput(() => bank.control({ unload: 'x' }), /There is no adapter 'x'; there are: houlsby/);
  assert.deepEqual(memory(), before);
  bank.dispose();
});

test.run();
