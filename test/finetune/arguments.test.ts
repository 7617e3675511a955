import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { lora } from '../../src/adapters/index.ts';
import { Classifier, Embedder, finetune, load, QuestionAnswering, Seq2Seq } from '../../src/finetune/index.ts';
import { AdamW } from '../../src/optim/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { tinyBert, tinyFolder } from '../support/tiny-model.ts';

const test = suite('finetune: arguments from plain JavaScript');

const folder = tinyFolder();
const labels = ['no', 'yes'];
const rows = [
  { text: 'the film is good', label: 'yes' },
  { text: 'the film is bad', label: 'no' },
];
const given = { model: folder, data: rows };
const untyped = (value: unknown) => value as never;

async function adapted(): Promise<Classifier> {
  const model = await Classifier.fromPretrained(folder, { labels, maxLength: 16 });
  model.addAdapter(lora({ rank: 2, init: 'bert' }));
  return model;
}

const batchesOf = async (options: unknown) => {
  for await (const batch of (await adapted()).batches(rows, untyped(options))) return batch;
};
const classify = async (input: unknown, options?: unknown) =>
  (await adapted()).predict(untyped(input), untyped(options));

const wrong: [name: string, call: () => unknown, message: RegExp][] = [
  ['a second text under another name', () => classify({ text: 'a', pair: 'b' }), /field "pair".* text and textPair/],
  ['the name that Python has for it', () => classify([{ text: 'a', text_pair: 'b' }]), /field "text_pair"/],
  [
    'an option of predict',
    () => classify('a film', { topK: 2 }),
    /predict: unknown option "topK"; there are: batchSize/,
  ],
  ['texts that are no list', async () => (await adapted()).predictScores(untyped('a')), /takes a list/],
  ['an option of load', () => load(folder, untyped({ tasks: 'x' })), /load: unknown option "tasks"/],
  ['a task', () => load(folder, untyped({ task: 'text' })), /task must be one of text-classification,.*not "text"/],
  ['no name', () => load(untyped(undefined)), /name or path of a model must be a text, not missing/],
  [
    'the backbone of a checkpoint',
    () => load(folder, { task: 'feature-extraction', model: folder }),
    /is a checkpoint/,
  ],
  ['an option of fromPretrained', () => Classifier.fromPretrained(folder, untyped({ labels, length: 3 })), /"length"/],
  ['labels in one text', () => Classifier.fromPretrained(folder, untyped({ labels: 'ab' })), /labels must be a list/],
  ['labels that are equal', () => Classifier.fromPretrained(folder, { labels: ['a', 'a'] }), /each another one/],
  ['one label', () => Classifier.fromPretrained(folder, { labels: ['a'] }), /two names or more/],
  ['numbers for labels', () => Classifier.fromPretrained(folder, untyped({ labels: [0, 1] })), /not \[0, 1\]/],
  ['labels of answers', () => QuestionAnswering.fromPretrained(folder, untyped({ labels })), /unknown option "labels"/],
  [
    'an option of embed',
    async () => (await Embedder.fromPretrained(folder)).embed('a', untyped({ norm: true })),
    /"norm"/,
  ],
  ['an option of batches', () => batchesOf({ epoch: 1 }), /batches: unknown option "epoch"/],
  [
    'no evaluation',
    async () => (await adapted()).fit(rows, { evaluations: 0 }),
    /evaluations must be .* above 0, not 0/,
  ],
  ['a seed', async () => (await adapted()).fit(rows, { seed: -1 }), /training: seed must be a whole number, 0 or more/],
  ['a seed of a loop', () => batchesOf(untyped({ seed: 'x' })), /training: seed must be a whole number, 0 or more/],
  ['a signal', async () => (await adapted()).fit(rows, untyped({ signal: 3 })), /fit: signal must be a AbortSignal/],
  ['an option of evaluate', async () => (await adapted()).evaluate(rows, untyped({ columns: 1 })), /"columns"/],
  ['a rank for options', () => lora(untyped(8)), /lora: its options must be an object, not 8/],
  ['no options', () => lora(untyped(null)), /lora: its options must be an object, not null/],
  [
    'no adapter',
    async () => (await Classifier.fromPretrained(folder, { labels })).addAdapter(untyped(undefined)),
    /addAdapter/,
  ],
  [
    'a format',
    async () => (await adapted()).savePretrained('x', untyped({ format: 'keras' })),
    /format must be one of sparse, peft/,
  ],
  [
    'an option of savePretrained',
    async () => (await adapted()).savePretrained('x', untyped({ force: true })),
    /"force"/,
  ],
  ['the name that PyTorch has for the learning rate', () => new AdamW([], untyped({ lr: 1 })), /unknown option "lr"/],
  ['no settings', () => finetune(untyped(undefined)), /finetune must be an object, not missing/],
  ['a listener', () => finetune(untyped({ ...given, onStep: 3 })), /finetune: onStep must be a function, not 3/],
  [
    'the signal of a call',
    () => finetune(untyped({ ...given, signal: 3 })),
    /finetune: signal must be an AbortSignal, not 3/,
  ],
  ['whether to resume', () => finetune(untyped({ ...given, resume: 'no' })), /resume must be true or false, not "no"/],
  ['evaluation alone', () => finetune({ ...given, data: undefined, evalData: rows }), /data is missing: evalData/],
  [
    'a pooling without effect',
    () => QuestionAnswering.fromPretrained(folder, { pooling: 'mean' }),
    /pooling has no effect with task question-answering/,
  ],
  [
    'a frozen head without a head',
    () => Seq2Seq.fromPretrained(folder, { freezeHead: true }),
    /freezeHead has no effect with task text2text-generation/,
  ],
  ['a pooling', () => Embedder.fromPretrained(folder, untyped({ pooling: 'max' })), /pooling must be one of cls, mean/],
  ['no length', () => Embedder.fromPretrained(folder, { maxLength: -1 }), /maxLength must be a whole number above 0/],
  [
    'two sizes of batches',
    async () => (await adapted()).fit(rows, { batchSize: 2, batchTokens: 8 }),
    /batchSize cannot be combined with batchTokens/,
  ],
  ['two sizes in a loop', () => batchesOf({ batchSize: 2, batchTokens: 8 }), /batchSize cannot be combined/],
  ['epochs of a loop', () => batchesOf({ epochs: 1.5 }), /epochs must be a whole number/],
  [
    'a method of pruning',
    async () => (await adapted()).prune(untyped({ method: 'snap' })),
    /prune: method must be one of .*not "snap"/,
  ],
  [
    'an option of another method',
    async () => (await adapted()).prune({ method: 'snip', graspTemperature: 2, data: rows }),
    /graspTemperature has no effect with method snip/,
  ],
  ['a variant', () => new AdamW([], untyped({ variant: 'adam' })), /variant must be one of torch-adamw/],
  ['no parameters', () => new AdamW(untyped(undefined)), /parameters must be an array/],
];

for (const [name, call, message] of wrong) {
  test(`${name} is refused by name`, async () => {
    await assert.rejects(
      async () => await call(),
      (error: Error) => {
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test('options that are left out may be undefined', async () => {
  const model = await load(folder, { task: 'feature-extraction', labels: undefined, model: undefined });
  assert.equal((await model.embed('a film', { normalize: undefined })).length, tinyBert.hidden_size);
  const classifier = await adapted();
  await classifier.fit(rows, { epochs: 1, signal: undefined });
  await classifier.savePretrained(join(temporaryFolder(), 'run'), { format: undefined });
});

test.run();
