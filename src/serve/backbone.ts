import { type BatchPart, mixing } from '../adapters/mixed-batch.ts';
import { cutBatches } from '../data/batches.ts';
import { sequencesFrom, type TokenSequence } from '../models/batch.ts';
import type { Head, ReadOutput } from '../models/encoder.ts';
import type { EncoderModel } from '../models/encoder-model.ts';
import { finiteValues } from '../models/finite-output.ts';
import { type Encoder, loadEncoder, packSequences, SharedWeights } from '../models/index.ts';
import type { HeldDType, Parameter } from '../nn/index.ts';
import { slice } from '../ops/layout.ts';
import { Random } from '../random/index.ts';
import { batchInvariant } from '../tensor/batch-invariant.ts';
import { noGrad } from '../tensor/graph.ts';
import { tidy } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Tokens of a packed batch, unless one question alone has more. */
const BATCH_TOKENS = 8192;

/** Sequences that a model asks its encoder for, and what it reads of them. */
interface Question {
  readonly model: Encoder;
  readonly sequences: readonly TokenSequence[];
  readonly head: Head;
  readonly resolve: (values: Awaited<ReturnType<ReadOutput>>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A frozen encoder that computes for many models: what their adapters change, they change in their own sequences of one packed batch, and
 * each has its head. A sequence gets the same bits whatever it is computed with.
 */
export class Backbone {
  readonly #encoder: Encoder;
  /** The weights, for models of this backbone. */
  readonly weights: SharedWeights;
  readonly #parameters: readonly Parameter[];
  #questions: Question[] = [];
  /** Requests of which each may have a question still. */
  #busy = 0;

  /** @throws InputError as `loadEncoder` */
  constructor(folder: string, backboneDtype: HeldDType) {
    const { model, parameters } = loadEncoder(folder, new Random(0), { backboneDtype });
    this.#encoder = model;
    this.#parameters = parameters;
    this.weights = new SharedWeights(backboneDtype);
    this.weights.add(folder, parameters);
  }

  /** Returns whether all weights of a model's encoder are those of this one, so that it can compute for it. */
  owns(model: EncoderModel): boolean {
    const own = new Map(model.parameters().map(({ name, value }) => [name, value.opaqueBuffer]));
    return this.#parameters.every(({ name, value }) => own.get(name) === value.opaqueBuffer);
  }

  /** Makes the encoder of a model ask this one, whose weights it has but for what its adapters do at attachment points. */
  serve(network: EncoderModel): void {
    const frozen = network.parameters().filter(({ trainable }) => !trainable);
    const own = new Map(frozen.map((parameter) => [parameter.name, parameter]));
    for (const parameter of this.#parameters) own.get(parameter.name)?.borrow(parameter);
    const model = network.encoder;
    model.elsewhere = (sequences, head) =>
      new Promise((resolve, reject) => {
        this.#questions.push({ model, sequences, head, resolve, reject });
        this.#computeIfComplete();
      });
  }

  /** Runs a request of a model that asks this encoder. What requests ask while all of them wait is computed together. */
  async during<T>(request: () => Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await request();
    } finally {
      this.#busy--;
      this.#computeIfComplete();
    }
  }

  /** Frees the weights, but for those that models still have. */
  dispose(): void {
    for (const parameter of this.#parameters) parameter.dispose();
    this.weights.dispose();
  }

  #computeIfComplete(): void {
    if (this.#questions.length < this.#busy) return;
    const questions = this.#questions;
    this.#questions = [];
    for (const batch of batchesOf(questions)) this.#compute(batch);
  }

  /** Answers questions in one batch; where that fails, each by itself, so that one does no harm to the others. */
  #compute(questions: readonly Question[]): void {
    try {
      for (const [i, output] of this.#outputsOf(questions).entries()) {
        finiteValues(output).then(questions[i].resolve, questions[i].reject);
      }
    } catch (error) {
      if (questions.length === 1) questions[0].reject(error);
      else for (const question of questions) this.#compute([question]);
    }
  }

  #outputsOf(questions: readonly Question[]): Tensor[] {
    const { points, positionIds } = this.#encoder;
    const sequences = questions.flatMap((question) => question.sequences);
    const packed = packSequences(sequences, positionIds);
    const compute = () => {
      const [hidden, batch] = mixing(points, partsOf(questions), () => this.#encoder.encode(packed));
      let last = 0;
      return questions.map((question) => {
        const first = last;
        last += question.sequences.length;
        const rows = slice(hidden, [batch.offsets[first], 0], [batch.offsets[last], hidden.shape[1]]);
        return question.head(rows, sequencesFrom(batch, first, last));
      });
    };
    return tidy(() => noGrad(() => batchInvariant(compute)));
  }
}

/** Batches of questions, those of one model next to each other. */
function batchesOf(questions: readonly Question[]): Question[][] {
  const models = [...new Set(questions.map(({ model }) => model))];
  const sorted = models.flatMap((model) => questions.filter((question) => question.model === model));
  return cutBatches(sorted, {
    size: { tokens: BATCH_TOKENS },
    lengthOf: ({ sequences }) => sequences.reduce((sum, { ids }) => sum + ids.length, 0),
  });
}

/** The sequences of each model among questions that are sorted by model. */
function partsOf(questions: readonly Question[]): BatchPart[] {
  const parts: { readonly model: Encoder; readonly members: number[] }[] = [];
  let s = 0;
  for (const { model, sequences } of questions) {
    if (parts.at(-1)?.model !== model) parts.push({ model, members: [] });
    for (const _ of sequences) parts.at(-1)?.members.push(s++);
  }
  return parts.map(({ model, members }) => ({ members, points: model.points }));
}
