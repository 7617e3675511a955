import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { serializeSafetensors } from '../../src/io/index.ts';
import { type RunOptions, snapshot, sparseAdapter, succeed } from '../support/command.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyBert, tinyFolder, tinyTensors } from '../support/tiny-model.ts';

const test = suite('commands: bad input');

const folder = reviewFolder({
  'empty.csv': '',
  'header.csv': 'text,mood\n',
  'other-label.csv': 'text,mood\nthe film is good,mixed\n',
  'one-label.csv': 'text,mood\nthe film is good,positive\nthe play is good,positive\n',
  'no-label.csv': 'text,mood\nthe film is good,positive\nthe play is bad,\n',
  'notes.doc': 'text',
  'empty.txt': '',
  'bare/sparse-adapter.json': '{"format_version": 1}',
  'foreign/adapter_config.json': '{"peft_type": "LORA"}',
});
const at = (name: string) => join(folder, name);
const model = tinyFolder();
const weights = serializeSafetensors(tinyTensors());

/** A safetensors file with this header and no data. */
function header(entries: object, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(entries));
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

const withWeights = (file: Uint8Array | string, name = 'model.safetensors') =>
  tinyFolder({ tensors: [], files: { [name]: file } });
const f32 = (begin: number, end: number) => ({ dtype: 'F32', shape: [(end - begin) / 4], data_offsets: [begin, end] });
const hugeHeader = header({});
new DataView(hugeHeader.buffer).setBigUint64(0, 2n ** 60n, true);
const withNaN = tinyTensors().map((tensor) =>
  tensor.name.endsWith('layer.1.output.dense.weight')
    ? { ...tensor, dtype: 'F32' as const, data: new Float32Array(tensor.data.length).fill(Number.NaN) }
    : tensor,
);

const train = (...more: string[]) => [
  ...['train', '--model', model, '--data', at('train.csv'), '--eval-data', at('dev.csv'), '--text', 'text'],
  ...['--label', 'mood', '--bottleneck', '4', '--epochs', '1', '--output', at('out'), ...more],
];
const prune = (...more: string[]) =>
  ['prune', '--model', model, '--data', at('train.csv'), '--text', 'text', '--label', 'mood'].concat(more);
const pruneFull = (...more: string[]) => prune('--adapter', 'full', ...more);
const replacing = (...more: string[]) => train('--overwrite', ...more);
const withModel = (path: string) => replacing('--model', path);
const fusing = (...more: string[]) => [
  ...['train', '--model', model, '--data', at('train.csv'), '--text', 'text', '--label', 'mood'],
  ...['--adapter', 'fusion', ...more],
];

interface Case {
  readonly args: readonly string[];
  readonly message: RegExp;
  readonly options?: RunOptions;
}

/** Runs the cases one after the other, as they share an output folder, and asserts what every failure has in common. */
async function expectFailures(code: number, cases: Readonly<Record<string, Case>>): Promise<void> {
  const before = snapshot(folder);
  for (const [name, { args, message, options }] of Object.entries(cases)) {
    const outcome = await sparseAdapter(args, options);
    const shown = `${name}: ${JSON.stringify(outcome)}`;
    assert.equal(outcome.code, code, shown);
    assert.equal(outcome.stdout, '', shown);
    const errors = outcome.stderr.split('\n').filter((line) => line.startsWith('error: '));
    assert.equal(errors.length, 1, shown);
    assert.match(errors[0], message, shown);
    assert.doesNotMatch(outcome.stderr, /^ +at /m, shown);
    assert.equal(/^See sparse-adapter.* --help\.$/m.test(outcome.stderr), code === 2, shown);
  }
  assert.deepEqual(snapshot(folder), before);
}

test.before(async () => {
  await succeed(train());
});

test('unusable model folders', () =>
  expectFailures(1, {
    'a truncated file': {
      args: withModel(withWeights(weights.subarray(0, 5000))),
      message: /truncated, tensor ".*" ends/,
    },
    'overlapping tensors': {
      args: withModel(withWeights(header({ a: f32(0, 8), b: f32(4, 12) }, 12))),
      message: /tensors "a" and "b" overlap/,
    },
    'bytes that belong to no tensor': {
      args: withModel(withWeights(header({ a: f32(0, 8) }, 12))),
      message: /4 bytes after the last tensor belong to none/,
    },
    'an oversized header': {
      args: withModel(withWeights(hugeHeader)),
      message: /header claims \d+ bytes, the limit is/,
    },
    'another kind of file': { args: withModel(withWeights('once upon a time')), message: /not a safetensors file/ },
    'a pickle': {
      args: withModel(withWeights('\x80\x02', 'pytorch_model.bin')),
      message: /pytorch_model\.bin: no pickle, it does not begin with a protocol/,
    },
    'an unsupported model type': {
      args: withModel(tinyFolder({ config: { ...tinyBert, model_type: 'gpt2' }, tensors: [] })),
      message: /model_type "gpt2" is not supported; it must be bert, roberta, /,
    },
    'a missing tensor': {
      args: withModel(tinyFolder({ tensors: tinyTensors().slice(1) })),
      message: /there is no tensor "bert\.embeddings\.word_embeddings\.weight", which the model needs/,
    },
    'no such model': { args: withModel('no-such-model'), message: /neither a folder nor an installed npm package/ },
    'inputs longer than the model takes': {
      args: replacing('--max-length', '25'),
      message: /exceeds the 24 positions/,
    },
  }));

test('unusable data', () =>
  expectFailures(1, {
    'an empty file': { args: replacing('--data', at('empty.csv')), message: /empty\.csv is empty/ },
    'weights of a class that there is not': {
      args: replacing('--class-weights', 'fine=2'),
      message: /--class-weights \(classWeights\) names the class 'fine'; there are /,
    },
    'a header only': { args: replacing('--data', at('header.csv')), message: /header\.csv has no rows/ },
    'a column that is not there': { args: replacing('--label', 'moood'), message: /no column 'moood'; it has 'text'/ },
    'an unknown label': {
      args: replacing('--eval-data', at('other-label.csv')),
      message: /other-label\.csv, line 2: unknown label 'mixed' in column 'mood'; known are 'negative', 'positive'/,
    },
    'a single label': { args: replacing('--data', at('one-label.csv')), message: /'positive' only/ },
    'a missing label': { args: replacing('--data', at('no-label.csv')), message: /line 3: no value for 'mood'/ },
    'another format': { args: replacing('--data', at('notes.doc')), message: /must end in \.csv, \.tsv, \.jsonl/ },
    'no such file': { args: replacing('--data', at('nothing.csv')), message: /nothing\.csv does not exist/ },
    'no GLUE folder': {
      args: ['train', '--model', model, '--task', 'rte', '--data', folder],
      message: /has neither RTE.train\.tsv nor train\.tsv/,
    },
  }));

test('losses and weights that are not finite', () =>
  expectFailures(1, {
    'NaN in the weights': {
      args: replacing('--pruning', 'none', '--model', tinyFolder({ tensors: withNaN })),
      message: /The loss is NaN at step 1 of \d+; lower the learning rate .* or check/,
    },
    'NaN while pruning': {
      args: withModel(tinyFolder({ tensors: withNaN })),
      message: /snip: a score is NaN/,
    },
    'an extreme learning rate': {
      args: replacing('--learning-rate', '1e30', '--epochs', '3'),
      message: /The model's output is NaN, .* train with a lower learning rate\./,
    },
    'an extreme learning rate that only the last step has': {
      args: replacing('--learning-rate', '1e30', '--batch-size', '12'),
      message: /output is NaN, .* lower learning rate|is (NaN|-?Infinity) after the last step; lower the learning rate/,
    },
    'an adapter that cannot be pruned by its gradient': {
      args: replacing('--init', 'mam_adapter'),
      message: /initialise the adapter with init 'bert'/,
    },
  }));

test('an output folder with other things in it', async () => {
  writeFileSync(at('out/thesis.tex'), 'important');
  await expectFailures(1, {
    train: { args: replacing(), message: /out holds "thesis\.tex", which is not an earlier output/ },
    'a file': { args: replacing('--output', at('train.csv')), message: /train\.csv: it is a file/ },
  });
  rmSync(at('out/thesis.tex'));
});

test('unusable runs and inputs of the other commands', async () => {
  cpSync(at('out'), at('damaged'), { recursive: true });
  const file = at('damaged/adapter.safetensors');
  writeFileSync(file, readFileSync(file).subarray(0, -1));
  const text: RunOptions = { input: 'the film is good\n' };
  await expectFailures(1, {
    'train: a fusion of nothing': {
      args: fusing('--fuse', `${at('out')},${at('nowhere')}`),
      message: /nowhere has no sparse-adapter\.json: give the output folder of a training/,
    },
    'evaluate: no run': {
      args: ['evaluate', folder],
      message: /has no sparse-adapter\.json: give the output folder of a training/,
    },
    'evaluate: a damaged run': { args: ['evaluate', at('damaged')], message: /adapter\.safetensors: truncated/ },
    'evaluate: not the description of a run': {
      args: ['evaluate', at('bare')],
      message: /sparse-adapter\.json: settings is missing; it must be an object/,
    },
    'evaluate: an unknown label': {
      args: ['evaluate', at('out'), '--data', at('other-label.csv')],
      message: /unknown label 'mixed'/,
    },
    'evaluate: no backbone': {
      args: ['evaluate', at('out'), '--model', 'gone'],
      message: /gone is neither a folder nor/,
    },
    'predict: no head': {
      args: ['predict', '--model', model],
      options: text,
      message: /is BertModel, which has no head; it cannot label whole texts/,
    },
    'predict: nothing to read': { args: ['predict', at('out')], message: /standard input is empty/ },
    'predict: an empty file': {
      args: ['predict', at('out'), '--input', at('empty.txt')],
      message: /empty\.txt is empty/,
    },
    'predict: no such column': {
      args: ['predict', at('out'), '--input', at('dev.csv'), '--text', 'texts'],
      message: /no column 'texts'/,
    },
    'embed: no such file': {
      args: ['embed', '--model', model, '--input', at('no.txt')],
      message: /no\.txt does not exist/,
    },
    'a part that the adapter lacks': {
      args: prune('--pruning-targets', 'lora'),
      message: /The adapter 'houlsby' has no weights to prune in 'lora'; its parts are: bottleneck/,
    },
    'info: an adapter of another library': {
      args: ['info', at('foreign')],
      message: /foreign is an adapter of another library; take it over with convert --to sparse/,
    },
    'info: nothing there': { args: ['info', at('nowhere')], message: /nowhere is neither a folder nor/ },
  });
});

test('wrong usage', () =>
  expectFailures(2, {
    'an unknown option': { args: replacing('--sparsty', '0.4'), message: /unknown option '--sparsty'/ },
    'an unknown command': { args: ['trian'], message: /unknown command 'trian'/ },
    'an unknown choice': {
      args: replacing('--pruning', 'snap'),
      message: /'snap' is invalid\. It must be one of none, random/,
    },
    'sparsity 1': { args: replacing('--sparsity', '1'), message: /argument '1' is invalid\. It must be in \[0, 1\)/ },
    'negative sparsity': { args: replacing('--sparsity', '-0.1'), message: /argument '-0\.1' is invalid/ },
    'not a number': {
      args: replacing('--learning-rate', 'fast'),
      message: /'fast' is invalid\. It must be a number, 0 or more/,
    },
    'not a whole number': {
      args: replacing('--epochs', '1.5'),
      message: /'1\.5' is invalid\. It must be a whole number/,
    },
    'no tokens at all': {
      args: replacing('--batch-tokens', '0'),
      message: /'0' is invalid\. It must be a whole number above 0/,
    },
    'two sizes of a batch': {
      args: replacing('--batch-size', '8', '--batch-tokens', '512'),
      message: /--batch-size cannot be combined with --batch-tokens/,
    },
    'two sizes of a pruning batch': {
      args: ['prune', '--model', model, '--data', at('train.csv'), '--batch-size', '8', '--batch-tokens', '512'],
      message: /--batch-size cannot be combined with --batch-tokens/,
    },
    'too many text columns': { args: replacing('--text', 'a,b,c'), message: /It must be a column, or two columns/ },
    'no model': { args: ['train', '--data', at('train.csv')], message: /--model is missing/ },
    'no data': { args: ['train', '--model', model], message: /--data is missing/ },
    'no label': {
      args: ['train', '--model', model, '--data', at('train.csv'), '--text', 'text'],
      message: /--label is missing/,
    },
    'a folder without its task': {
      args: ['prune', '--model', model, '--data', folder],
      message: /is a folder: name its dataset with --task/,
    },
    'an option without effect': {
      args: replacing('--pruning', 'none', '--pruning-scope', 'layer'),
      message: /--pruning-scope has no effect/,
    },
    'a network of a prefix without one': {
      args: replacing('--adapter', 'mam', '--prefix-flat', '--prefix-bottleneck', '8'),
      message: /mam: --prefix-bottleneck has no effect with --prefix-flat\./,
    },
    'a network whose width is computed': {
      args: replacing('--adapter', 'mam', '--equal-split', '--prefix-bottleneck', '8'),
      message: /mam: --prefix-bottleneck has no effect with --equal-split\./,
    },
    'an option of another pruning method': {
      args: replacing('--pruning', 'snip', '--grasp-temperature', '200'),
      message: /--grasp-temperature has no effect with --pruning snip; it is for grasp/,
    },
    'a temperature without pruning': {
      args: pruneFull('--grasp-temperature', '200'),
      message: /--grasp-temperature has no effect with --adapter full, which has no weights to prune/,
    },
    'weights of classes without one': {
      args: replacing('--class-weights', 'good'),
      message: /'--class-weights <balanced\|name=weight,\.\.\.>' argument 'good' is invalid\. It must be balanced, or/,
    },
    'class weights of answers': {
      args: ['train', '--model', model, '--task', 'squad', '--data', folder, '--class-weights', 'balanced'],
      message: /--class-weights has no effect with --task squad; it is for text-classification/,
    },
    'prune: nothing to prune': { args: pruneFull(), message: /--adapter full has no weights to prune/ },
    'a temperature of nothing': {
      args: replacing('--pruning', 'grasp', '--grasp-temperature', '0'),
      message: /argument '0' is invalid\. It must be a number above 0/,
    },
    'no rounds at all': {
      args: replacing('--pruning-iterations', '0'),
      message: /'0' is invalid\. It must be a whole number from 1 to 10000/,
    },
    'more rounds than can be waited for': {
      args: replacing('--pruning-iterations', '1e9'),
      message:
        /'--pruning-iterations <count>' argument '1e9' is invalid\. It must be a whole number from 1 to 10000: each of/,
    },
    'seeds without end': {
      args: ['reproduce', 'table1', '--data', at('glue'), '--seeds', '1e9'],
      message:
        /'--seeds <count>' argument '1e9' is invalid\. It must be a whole number from 1 to 1000: each is a run of every/,
    },
    'pruning examples without effect': {
      args: replacing('--pruning', 'synflow', '--pruning-examples', '8'),
      message: /--pruning-examples has no effect with --pruning synflow; it is for snip, grasp, fisher/,
    },
    'a sparsity beside that of Large-Sparse': {
      args: replacing('--large-sparse', '2', '--sparsity', '0.5'),
      message: /--sparsity cannot be combined with --large-sparse/,
    },
    'no wider than it was': {
      args: replacing('--large-sparse', '1'),
      message: /'1' is invalid\. It must be a whole number above 1/,
    },
    'a Large-Sparse adapter without a width': {
      args: ['info', model, '--adapter', 'full', '--large-sparse', '2'],
      message: /--large-sparse has no effect with --adapter full, which has no weights to prune/,
    },
    'info: options of an adapter without one': {
      args: ['info', model, '--bottleneck', '8'],
      message: /--bottleneck needs --adapter/,
    },
    'info: a scope of nothing': {
      args: ['info', model, '--adapter', 'lora', '--pruning-scope', 'layer'],
      message: /--pruning-scope needs --sparsity or --large-sparse/,
    },
    'info: an adapter on no model': { args: ['info', '--adapter', 'lora'], message: /--adapter needs a model/ },
    'info: two models': {
      args: ['info', model, '--model', model],
      message: /either as the argument or with --model, not both/,
    },
    'an option of another adapter': {
      args: replacing('--adapter', 'lora'),
      message: /--bottleneck is no option of --adapter lora/,
    },
    'an unknown adapter': {
      args: replacing('--adapter', 'prompt'),
      message: /'prompt' is invalid\. It must be one of bitfit, bottleneck, full, fusion/,
    },
    'no width at all': {
      args: replacing('--bottleneck', '0'),
      message: /'0' is invalid\. It must be a whole number above 0/,
    },
    'an initialisation of another adapter': {
      args: replacing('--init', 'lora'),
      message: /'lora' is invalid\. It must be one of bert, houlsby, mam_adapter/,
    },
    'nothing to prune': {
      args: [
        ...replacing('--adapter', 'full', '--pruning', 'random').filter((word) => !/^(--bottleneck|4)$/.test(word)),
      ],
      message: /--pruning has no effect with --adapter full, which has no weights to prune/,
    },
    'nothing to fuse': {
      args: fusing(),
      message: /--fuse is missing: the folders of the runs/,
    },
    'runs for another adapter': {
      args: replacing('--fuse', 'a,b'),
      message: /--fuse has no effect with --adapter houlsby; it is for fusion/,
    },
    'runs of one name': {
      args: replacing('--fuse', 'a/run,b/run'),
      message: /It must be folders of different names, with commas between them; write name=folder/,
    },
    'an option that belongs elsewhere': {
      args: replacing('--task', 'rte'),
      message: /--eval-data has no effect with --task rte, whose files and columns are known/,
    },
    'predict without a model': { args: ['predict'], message: /name the folder of a run/ },
    'evaluate without a run': { args: ['evaluate'], message: /missing required argument 'run'/ },
    'too many columns for the model': {
      args: ['predict', at('out'), '--input', at('dev.csv'), '--text', 'text,thing'],
      message: /--text names 2 column\(s\); the model was trained on single texts/,
    },
    'columns of lines': {
      args: ['embed', '--model', model, '--input', at('empty.txt'), '--text', 'text'],
      message: /--text names columns, which only a \.csv, \.tsv, \.jsonl or \.parquet --input has/,
    },
    'columns without data': { args: ['evaluate', at('out'), '--label', 'mood'], message: /--label goes with --data/ },
  }));

test('no command at all shows the help', async () => {
  const { code, stdout, stderr } = await sparseAdapter([]);
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /Usage: sparse-adapter \[options\] \[command\]/);
});

test.run();
