import { type LayerWidths, layerSizes, Seq2SeqModel } from '../models/index.ts';
import { matmul } from '../ops/matmul.ts';
import { full } from '../tensor/create.ts';
import { noGrad } from '../tensor/graph.ts';
import { tidy } from '../tensor/scope.ts';
import { batchesOf } from './batch-plan.ts';
import type { TaskModel } from './model.ts';
import type { PreparedRun } from './run.ts';
import { StepPlan } from './step-plan.ts';
import { stopwatch } from './stopwatch.ts';
import type { TaskTypes } from './task.ts';

/** What a training is estimated to take. */
export interface ExpectedCost {
  /** Of the process, at most. */
  readonly memory_bytes: number;
  /** Of the steps of training, without evaluations. */
  readonly seconds: number;
  readonly steps: number;
  readonly tokens: number;
}

const FLOAT = Float32Array.BYTES_PER_ELEMENT;

/** The part of the layers of a model that a token passes: one of a text to read the encoder alone, one of a text to write the decoder. */
const shareOf = ({ network }: TaskModel): number => (network instanceof Seq2SeqModel ? 0.5 : 1);

/** Numbers that a step holds for each token and layer: what attention, norms and adapters read again, and the input of GELU. */
const heldNumbers = ({ hidden, inner }: LayerWidths): number => 8 * hidden + inner;
/** Gradients and results of the layer under way, in widths of its feed-forward part. */
const WORKING = 6;
/** Numbers for each trained weight: its gradient, two moments, what a step makes of them, and the copies that are saved. */
const TRAINED = 6;
/** Seconds of a step of any size. */
const STEP_SECONDS = 0.002;

/**
 * Estimates memory and time of a training that begins at a step: memory from the sizes of layers and batches, time from the products of
 * matrices, whose speed is measured in a moment.
 */
export async function expectedCost<T extends TaskTypes>(run: PreparedRun<T>, step = 0): Promise<ExpectedCost> {
  const { model, items, settings } = run;
  const lengths = items.map((item) => model.definition.tokenCount(item));
  const { batchSize, batchOrder } = batchesOf(settings);
  const { epochs, gradientAccumulationSteps: batchesPerStep = 1 } = settings;
  const options = { batchSize, batchOrder, epochs, batchesPerStep, lengthOf: (length: number) => length };
  const { totalSteps: steps } = new StepPlan(lengths, options, model.random.fork('training'));
  const perEpoch = lengths.reduce((sum, length) => sum + length, 0);
  const left = steps === 0 ? 0 : (steps - step) / steps;
  const tokens = Math.round(left * epochs * perEpoch);
  const sizes = layerSizes(model.config);
  const share = shareOf(model);
  const largest = largestBatch(lengths, batchSize);
  const operations = share * operationsPerToken(run) * tokens;
  const mean = steps === 0 ? 0 : Math.ceil((epochs * perEpoch) / (steps * batchesPerStep));
  const rate = tokens === 0 ? 1 : await productRate(Math.min(mean, 1024), sizes);
  const trained = model.trainable.count;
  const working = largest * (share * sizes.count * heldNumbers(sizes) + WORKING * sizes.inner);
  return {
    memory_bytes: Math.round(process.memoryUsage().rss + FLOAT * (TRAINED * trained + working)),
    // Products with weights that are packed are faster than the probe, by about what norms, attention and the optimiser take.
    seconds: operations / rate + STEP_SECONDS * (steps - step),
    steps: steps - step,
    tokens,
  };
}

/** The tokens of the largest batch at most. */
function largestBatch(lengths: readonly number[], size: ReturnType<typeof batchesOf>['batchSize']): number {
  const sorted = [...lengths].sort((a, b) => b - a);
  if (typeof size !== 'number') return Math.max(sorted[0] ?? 0, size.tokens);
  return sorted.slice(0, size).reduce((sum, length) => sum + length, 0);
}

/**
 * Multiplications and additions of a training step for one token: a product of each matrix of a layer with the token, one for the gradient of
 * the token, and where the matrix is trained one for its own.
 */
function operationsPerToken<T extends TaskTypes>({ model }: PreparedRun<T>): number {
  const matrices = model.network
    .parameters()
    .filter(({ name, shape }) => shape.length === 2 && /\.layers?\./.test(name));
  return matrices.reduce((sum, { size, trainable }) => sum + 2 * size * (trainable ? 3 : 2), 0);
}

const PROBE_SECONDS = 0.04;

/** Operations per second of products as those of the feed-forward layers. */
async function productRate(rows: number, { hidden, inner }: LayerWidths): Promise<number> {
  const [a, b] = [full([rows, hidden], 0.5), full([hidden, inner], 0.25)];
  const product = async () => {
    const result = tidy(() => noGrad(() => matmul(a, b)));
    await result.data();
    result.dispose();
  };
  try {
    await product();
    const time = stopwatch();
    let count = 0;
    for (; count === 0 || time() < PROBE_SECONDS; count++) await product();
    return (2 * rows * hidden * inner * count) / time();
  } finally {
    a.dispose();
    b.dispose();
  }
}
