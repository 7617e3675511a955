import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { type AdapterSettings, adapterFamilies, lora } from '../../src/adapters/index.ts';
import { Embedder, MultipleChoice, QuestionAnswering, Seq2Seq } from '../../src/finetune/index.ts';
import { adapterFormats, portableAdapter } from '../../src/interchange/index.ts';
import type { ConversionTarget } from '../../src/training/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { smallSettings } from '../support/adapters.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { trainedAdapter, writtenFolder } from '../support/portable.ts';
import { tinyBartFolder } from '../support/tiny-bart.ts';
import { tinyEncoders } from '../support/tiny-encoders.ts';
import { tinyBert, tinyFolder, tinyRoberta } from '../support/tiny-model.ts';

const test = suite('interchange: for Python');

const jsonIn = (folder: string, name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));

interface Openable {
  addAdapter(settings: AdapterSettings): unknown;
  savePretrained(
    folder: string,
    options: { format: ConversionTarget; onWarning: (line: string) => void },
  ): Promise<void>;
}

async function saved(model: Openable, settings: AdapterSettings, format: ConversionTarget) {
  const folder = join(temporaryFolder(), 'saved');
  const lines: string[] = [];
  model.addAdapter(settings);
  await model.savePretrained(folder, { format, onWarning: (line) => lines.push(line) });
  return { folder, lines };
}

test('a head for answers has the two outputs by which AdapterHub makes its own', async () => {
  const { folder } = await saved(await QuestionAnswering.fromPretrained(tinyFolder()), lora(), 'adapterhub');
  const { num_labels, label2id } = jsonIn(folder, 'head_config.json');
  assert.deepEqual([num_labels, label2id], [2, { LABEL_0: 0, LABEL_1: 1 }]);
});

test('an encoder without a head is the model that PEFT adapts, whose modules have no prefix', async () => {
  const { folder } = await saved(await Embedder.fromPretrained(tinyFolder()), { kind: 'ln-tuning' }, 'peft');
  const { target_modules } = jsonIn(folder, 'adapter_config.json');
  assert.ok(
    target_modules.includes('embeddings.LayerNorm') && !target_modules.some((name: string) => /bert/.test(name)),
  );
});

test('the inputs that (IA)³ multiplies in BART are named', async () => {
  const { folder } = await saved(await Seq2Seq.fromPretrained(tinyBartFolder()), { kind: 'ia3' }, 'peft');
  assert.deepEqual(jsonIn(folder, 'adapter_config.json').feedforward_modules, ['fc2']);
});

const shifted: AdapterSettings = {
  ...{ kind: 'prefix', prefixLength: 2, prefixFlat: true, prefixShiftsPositions: true },
};

test('a line says what Python must do that PEFT does not', async () => {
  const answers = () => QuestionAnswering.fromPretrained(tinyFolder());
  assert.match((await saved(await answers(), lora(), 'peft')).lines.join(), /drops token types.*base_model\(/);
  const prefix = (await saved(await answers(), shifted, 'peft')).lines;
  assert.match(prefix.join(), /transformers 4 alone.*drops token types here/);
  const single = await QuestionAnswering.fromPretrained(tinyFolder({ config: { ...tinyBert, type_vocab_size: 1 } }));
  assert.deepEqual((await saved(single, lora(), 'peft')).lines, []);
});

test('PEFT is told to be unable to run a prefix on the classes of RoBERTa', async () => {
  const lines = async (config: Readonly<Record<string, unknown>>) => {
    const { model, adapter } = trainedAdapter(shifted, { config });
    return adapterFormats.peft.write(await portableAdapter(model, adapter, 'tiny'), 'task').warnings.join();
  };
  assert.match(await lines(tinyRoberta), /cannot run a prefix on RobertaForSequenceClassification/);
  assert.doesNotMatch(await lines(tinyBert), /cannot run/);
});

test('a prefix on encoders whose classes take no keys and values is not written for PEFT', async () => {
  const withoutShift: AdapterSettings = { ...shifted, prefixShiftsPositions: false };
  for (const type of ['distilbert', 'albert', 'mpnet', 'deberta-v2', 'modernbert', 'nomic_bert', 'gte'] as const) {
    const { model, adapter } = trainedAdapter(withoutShift, { config: tinyEncoders[type] });
    const whole = await portableAdapter(model, adapter, 'tiny');
    assertInputError(() => adapterFormats.peft.write(whole, 'task'), new RegExp(`no prefix on "${type}"`));
  }
});

test("names that AdapterHub's library has taken are refused", async () => {
  const adapted = trainedAdapter(lora({ rank: 2 }));
  for (const name of ['a.b', 'a,b', 'keys', 'training', '', '__class__']) {
    await assertRejectsInput(() => writtenFolder(adapted, 'adapterhub', { name }), /cannot call an adapter .*--name/);
  }
  for (const name of ['default', 'a b', 'mail-2']) await writtenFolder(adapted, 'adapterhub', { name });
});

/** Where a library says that a kind of adapter should be written instead; null if it has the kind. */
const adviceOf = (settings: AdapterSettings, format: 'peft' | 'adapterhub'): Promise<string | null> =>
  writtenFolder(trainedAdapter(settings), format).then(
    () => null,
    (error: Error) => /has no adapter of the kind.*write it as (\w+)\.$/.exec(error.message)?.[1] ?? null,
  );

test('a family that a library lacks is sent where it can be written', async () => {
  for (const { kind } of adapterFamilies()) {
    // Another suite of this process may register families of its own, and a fusion needs what it mixes.
    if (kind.startsWith('test-') || kind === 'fusion') continue;
    const [settings] = smallSettings[kind];
    for (const format of ['peft', 'adapterhub'] as const) {
      const advice = await adviceOf(settings, format);
      if (advice === 'peft' || advice === 'adapterhub') assert.equal(await adviceOf(settings, advice), null, kind);
      if (advice !== 'huggingface') continue;
      await saved(await MultipleChoice.fromPretrained(tinyFolder()), settings, 'huggingface');
    }
  }
});

test('a merged checkpoint says how many tokens the model takes', async () => {
  const own = { files: { 'tokenizer_config.json': '{"do_lower_case": false}' } };
  const { folder } = await saved(await MultipleChoice.fromPretrained(tinyFolder(own)), lora(), 'huggingface');
  const stated = { do_lower_case: false, model_max_length: 24 };
  assert.deepEqual(jsonIn(folder, 'tokenizer_config.json'), stated);
  const short = { files: { 'tokenizer_config.json': '{"model_max_length": 12}' } };
  const { folder: kept } = await saved(await MultipleChoice.fromPretrained(tinyFolder(short)), lora(), 'huggingface');
  assert.equal(readFileSync(join(kept, 'tokenizer_config.json'), 'utf8'), '{"model_max_length": 12}');
  assert.ok(existsSync(join(kept, 'vocab.txt')));
});

test.run();
