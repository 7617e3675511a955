import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { Classifier } from '../../src/finetune/index.ts';
import { tidy } from '../../src/index.ts';
import { architectures, type SequenceClassifier } from '../../src/models/index.ts';
import { convertAdapter, openAdapter } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { liven, logitsTensor } from '../support/adapters.ts';
import { tinyEncoders, tinyTokenizer } from '../support/tiny-encoders.ts';
import { tinyFolder, tinyTensors } from '../support/tiny-model.ts';

const test = suite('interchange: all architectures');

const logitsOf = (network: SequenceClassifier): number[] =>
  tidy(() => Array.from(logitsTensor(network).dataSync(), (value) => Math.round(value * 1e4)));

// Those whose files have fused matrices have tests of their own (models/rotary-encoders.test.ts).
for (const { type, title } of architectures().filter(({ saved }) => !saved)) {
  test(`${title}: LoRA and its head come back from PEFT's files, and a graph is written`, async () => {
    const config = tinyEncoders[type];
    const folder = tinyFolder({ config, tensors: tinyTensors(config), files: tinyTokenizer });
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

    await convertAdapter(run, onnx, { to: 'onnx' });
    assert.ok(existsSync(join(onnx, 'onnx', 'model.onnx')));
  });
}

test.run();
