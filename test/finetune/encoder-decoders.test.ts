import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { ia3, lora, prefix } from '../../src/adapters/index.ts';
import { load, Seq2Seq } from '../../src/finetune/index.ts';
import { tidy } from '../../src/index.ts';
import type { SequencePair } from '../../src/models/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { liven } from '../support/adapters.ts';
import { assertClose } from '../support/compare.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { type TinyName, tinyEncoderDecoderFolder, tinyEncoderDecoders } from '../support/tiny-encoder-decoders.ts';

const test = suite('finetune: encoder-decoders beside BART');

const names = Object.keys(tinyEncoderDecoders) as TinyName[];
const rows = ['cat', 'owl', 'dog', 'hen'].map((text) => ({ text, target: [...text].reverse().join('') }));
const pair: SequencePair = { ids: [5, 7, 6, 9, 2], targetIds: [8, 4, 2] };

function logitsOf({ network }: Pick<Seq2Seq, 'network'>): { shape: number[]; values: number[] } {
  const values = tidy(() => Array.from(network.forward(network.pack([pair])).dataSync()));
  return { shape: [values.length], values };
}

for (const name of names) {
  test(`${name}: LoRA and (IA)³ go to PEFT's files and come back, and into the weights`, async () => {
    const folder = tinyEncoderDecoderFolder(name);
    for (const settings of [lora({ rank: 2, init: 'bert' }), ia3({})]) {
      const model = await Seq2Seq.fromPretrained(folder, { maxLength: 8 });
      model.addAdapter(settings);
      liven(model.adapter);
      const expected = logitsOf(model);
      const output = temporaryFolder();
      await model.savePretrained(join(output, 'peft'), { format: 'peft' });
      const config = JSON.parse(readFileSync(join(output, 'peft', 'adapter_config.json'), 'utf8'));
      assert.equal(config.task_type, 'SEQ_2_SEQ_LM');
      const again = await load(join(output, 'peft'), { model: folder, task: 'text2text-generation' });
      assert.deepEqual(logitsOf(again), expected);
      await model.savePretrained(join(output, 'merged'), { format: 'huggingface' });
      const merged = await load(join(output, 'merged'), { task: 'text2text-generation' });
      assertClose(logitsOf(merged), expected, 1e-5);
    }
  });

  test(`${name}: a pruned adapter learns on a backbone in 8 bits, and is what it was from its folder`, async () => {
    const model = await Seq2Seq.fromPretrained(tinyEncoderDecoderFolder(name), { maxLength: 8, backboneDtype: 'int8' });
    model.addAdapter(lora({ rank: 4, init: 'bert' }));
    const report = await model.prune({ method: 'snip', sparsity: 0.5, data: rows });
    assert.ok(report && report.kept === report.total - Math.floor(0.5 * report.total + 0.5));
    const { epoch_losses: losses } = await model.fit(rows, { evalData: rows, epochs: 12, learningRate: 0.02 });
    assert.ok(losses[11] < losses[0], `${losses}`);
    const answers = await model.predict(['cat', 'dog'], { maxLength: 6 });
    const output = join(temporaryFolder(), 'run');
    await model.savePretrained(output);
    assert.deepEqual(
      await (await load(output, { task: 'text2text-generation' })).predict(['cat', 'dog'], { maxLength: 6 }),
      answers,
    );
  });
}

test('what a file of another library would say otherwise is refused', async () => {
  const refused = async (
    name: TinyName,
    adapter: ReturnType<typeof prefix>,
    format: 'peft' | 'adapterhub',
    line: RegExp,
  ) => {
    const model = await Seq2Seq.fromPretrained(tinyEncoderDecoderFolder(name), { maxLength: 8 });
    await assertRejectsInput(async () => {
      model.addAdapter(adapter);
      await model.savePretrained(join(temporaryFolder(), 'out'), { format });
    }, line);
  };
  const own = { prefixLength: 2, prefixFlat: true, prefixAttentions: ['self'] };
  await refused('t5', prefix(own), 'peft', /PEFT gives the keys of a prefix distances on T5/);
  await refused('t5', prefix({ ...own, prefixShiftsPositions: true }), 'peft', /positions of this model are distances/);
  await refused('marian', lora({ rank: 1 }), 'adapterhub', /written for BART alone, not for marian/);
});

test.run();
