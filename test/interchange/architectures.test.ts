import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { InputError } from '../../src/errors.ts';
import { Classifier } from '../../src/finetune/index.ts';
import { tidy } from '../../src/index.ts';
import { architectures, type SequenceClassifier } from '../../src/models/index.ts';
import { wordPieceDefinition } from '../../src/text/index.ts';
import { convertAdapter, openAdapter } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { liven, logitsTensor } from '../support/adapters.ts';
import { tinyEncoders } from '../support/tiny-encoders.ts';
import { tinyFolder, tinyTensors, vocabulary } from '../support/tiny-model.ts';

const test = suite('interchange: all architectures');

const files = {
  'tokenizer.json': JSON.stringify(wordPieceDefinition(vocabulary.join('\n'), {}, 'vocab.txt')),
  'tokenizer_config.json': JSON.stringify({ tokenizer_class: 'BertTokenizer' }),
};
const logitsOf = (network: SequenceClassifier): number[] =>
  tidy(() => Array.from(logitsTensor(network).dataSync(), (value) => Math.round(value * 1e4)));

/** The architectures that there are graphs of. */
const inGraphs = ['bert', 'roberta', 'xlm-roberta', 'camembert', 'distilbert'];

// Those whose files have fused matrices have tests of their own (models/rotary-encoders.test.ts).
for (const { type, title } of architectures().filter(({ saved }) => !saved)) {
  test(`${title}: LoRA and its head come back from PEFT's files; a graph is written or refused by name`, async () => {
    const config = tinyEncoders[type];
    const folder = tinyFolder({ config, tensors: tinyTensors(config), files });
    const model = await Classifier.fromPretrained(folder, { labels: ['a', 'b', 'c'] });
    model.addAdapter({ kind: 'lora', rank: 2, targetModules: type === 'modernbert' ? ['Wqkv'] : ['query', 'value'] });
    liven({ parameters: model.saved });
    const [run, peft, back, onnx] = ['run', 'peft', 'back', 'onnx'].map((name) => join(temporaryFolder(), name));
    await model.savePretrained(run);
    const expected = logitsOf(model.network as SequenceClassifier);
    model.dispose();

    await convertAdapter(run, peft, { to: 'peft' });
    await convertAdapter(peft, back, { to: 'sparse', model: folder });
    const { model: opened } = openAdapter(back);
    assert.deepEqual(logitsOf(opened.network as SequenceClassifier), expected);
    opened.dispose();

    if (inGraphs.includes(type)) {
      await convertAdapter(run, onnx, { to: 'onnx' });
      assert.ok(existsSync(join(onnx, 'onnx', 'model.onnx')));
    } else {
      await assert.rejects(
        convertAdapter(run, onnx, { to: 'onnx' }),
        (error) => error instanceof InputError && error.message.includes(`no nodes for ${title}`),
      );
    }
  });
}

test.run();
