import { chunks, type Dataset, type EncodedExample, encodeExamples } from '../data/index.ts';
import { isHeadParameter } from '../models/index.ts';
import type { Parameter } from '../nn/index.ts';
import type { PruneReport } from '../pruning/index.ts';
import { classificationObjective, evaluate } from './classification.ts';
import { type AdaptedModel, buildModel, pruneAdapter, readDatasets, runRandom } from './prepare.ts';
import {
  type CheckpointHeader,
  loadCheckpoint,
  type RunConfig,
  type RunMetrics,
  saveCheckpoint,
  saveRun,
} from './run-folder.ts';
import type { RunSettings } from './settings.ts';
import { Trainer } from './trainer.ts';

/** What a command shows while a run goes on. */
export interface RunEvents {
  readonly onWarning?: (message: string) => void;
  readonly onLoaded?: (model: AdaptedModel) => void;
  readonly onPruned?: (report: PruneReport) => void;
  readonly onStep?: (progress: StepProgress) => void;
  readonly onEvaluate?: (done: number, total: number) => void;
}

export interface StepProgress {
  readonly step: number;
  readonly totalSteps: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Over the whole run so far. */
  readonly tokensPerSecond: number;
}

export interface RunOptions {
  readonly settings: RunSettings;
  /** The folder to write. */
  readonly output: string;
  /** Continue from the checkpoint in the folder. */
  readonly resume: boolean;
  /** The exact command, for the record. */
  readonly command: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  /** When it is aborted the run stops after the current step and leaves a checkpoint. */
  readonly signal: AbortSignal;
  readonly events?: RunEvents;
}

export type RunResult =
  | { readonly status: 'finished'; readonly config: Omit<RunConfig, 'format_version'>; readonly metrics: RunMetrics }
  | { readonly status: 'stopped'; readonly step: number; readonly totalSteps: number };

/**
 * One run from settings to a saved folder: load the backbone, attach the adapter, prune it, train, evaluate, save. Pruning comes
 * before the first step and never again. A stopped run continues with `resume` and ends with the same weights.
 *
 * @throws InputError for bad input; nothing has been written then
 */
export async function runTraining(options: RunOptions): Promise<RunResult> {
  const { settings, output, resume, command, versions, signal, events = {} } = options;
  const random = runRandom(settings);
  const data = readDatasets(settings.data, random);
  for (const warning of [...data.train.warnings, ...(data.eval?.warnings ?? [])]) events.onWarning?.(warning);

  const adapted = buildModel(settings, data.train.labels, random);
  const { model, tokenizer, trained, saved } = adapted;
  events.onLoaded?.(adapted);

  const encode = (dataset: Dataset) => encodeExamples(dataset.examples, tokenizer, settings.maxLength);
  const items = encode(data.train);
  const trainer = new Trainer(
    classificationObjective(model, items, trained),
    settings.training,
    random.fork('training'),
  );
  const before = resume ? resumeRun(output, saved, trainer) : { losses: [], tokens: 0, seconds: 0, pruning: null };
  const pruning = resume ? before.pruning : await pruneAdapter(adapted, items, settings, random);
  if (pruning) events.onPruned?.(pruning);

  const losses = [...before.losses];
  const clock = new Clock(before);
  while (!trainer.done && !signal.aborted) {
    const { batch, ...report } = await trainer.trainStep();
    losses.push(report.loss);
    clock.add(batch.reduce((sum, { ids }) => sum + ids.length, 0));
    events.onStep?.({ ...report, tokensPerSecond: clock.tokensPerSecond });
  }
  if (!trainer.done) {
    const header = { settings, pruning, losses, tokens: clock.tokens, seconds: clock.seconds };
    await saveCheckpoint(output, header, saved, await trainer.state());
    return { status: 'stopped', step: trainer.step, totalSteps: trainer.totalSteps };
  }

  const evalItems = data.eval && encode(data.eval);
  const names = data.eval?.metrics ?? data.train.metrics;
  const onBatch = (done: number) => events.onEvaluate?.(done, evalItems?.length ?? 0);
  const scores = evalItems && (await evaluate(model, evalItems, names, { onBatch }));
  const metrics: RunMetrics = {
    metrics: scores,
    trained_parameters: countTrained(adapted),
    steps: trainer.step,
    epoch_losses: chunks(losses, Math.ceil(items.length / settings.training.batchSize)).map(average),
    seconds: clock.seconds,
    tokens_per_second: clock.tokensPerSecond,
  };
  const config = { settings, labels: data.train.labels, metrics: names, pruning, command, versions };
  await saveRun(output, config, metrics, saved);
  return { status: 'finished', config, metrics };
}

function resumeRun(output: string, saved: readonly Parameter[], trainer: Trainer<EncodedExample>): CheckpointHeader {
  const { header, optimizer } = loadCheckpoint(output, saved);
  trainer.restore(optimizer);
  return header;
}

const average = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Counts tokens and the time of training, over all parts of a run. */
class Clock {
  #tokens: number;
  readonly #secondsBefore: number;
  readonly #start = performance.now();

  constructor({ tokens, seconds }: { readonly tokens: number; readonly seconds: number }) {
    this.#tokens = tokens;
    this.#secondsBefore = seconds;
  }

  add(tokens: number): void {
    this.#tokens += tokens;
  }

  get tokens(): number {
    return this.#tokens;
  }

  get seconds(): number {
    return this.#secondsBefore + (performance.now() - this.#start) / 1000;
  }

  get tokensPerSecond(): number {
    return this.#tokens / this.seconds;
  }
}

/** Weights that training can change: without the pruned ones. */
function countTrained({ trained }: AdaptedModel): RunMetrics['trained_parameters'] {
  const count = (isHead: boolean) =>
    trained.filter((parameter) => isHeadParameter(parameter) === isHead).reduce((sum, p) => sum + p.keptCount(), 0);
  return { adapter: count(false), head: count(true) };
}
