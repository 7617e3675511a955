import { type Adapter, attachAdapter, freezeBackbone, houlsby } from '../../src/adapters/index.ts';
import type { EncodedExample } from '../../src/data/index.ts';
import { noGrad, Random, type Tensor, tidy } from '../../src/index.ts';
import { holdBackbone, packSequences, parseEncoderConfig, SequenceClassifier } from '../../src/models/index.ts';
import { type HeldDType, type Parameter, ParameterPath, type WeightSource } from '../../src/nn/index.ts';
import { grasp, snip } from '../../src/pruning/index.ts';
import { sizeOf } from '../../src/tensor/shape.ts';
import { classificationLoss, Trainer, trainingOptions } from '../../src/training/index.ts';
import { sum } from '../statistics.ts';
import type { ModelTask } from '../tasks.ts';
import { type Job, timed } from './job.ts';
import { label, mask, tokenId, weight } from './numbers.ts';

/** Weights from the common formula. */
export const source: WeightSource = { has: () => true, take: (name, shape) => weight(name, sizeOf(shape)) };

interface Adapted {
  readonly model: SequenceClassifier;
  readonly adapter: Adapter;
}

/** A classifier with adapters, all weights from the common formula; dropout is off. */
function build({ model: size, bottleneck }: ModelTask, backboneDtype: HeldDType = 'float32'): Adapted {
  const config = parseEncoderConfig({
    model_type: 'bert',
    vocab_size: size.vocabulary,
    hidden_size: size.hidden,
    num_hidden_layers: size.layers,
    num_attention_heads: size.heads,
    intermediate_size: size.intermediate,
    max_position_embeddings: size.positions,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
  });
  const root = ParameterPath.root(new Random(1), source, { backboneDtype });
  const model = new SequenceClassifier(root, config, { labels: ['no', 'yes'] });
  const adapter = attachAdapter(model, houlsby.configure({ bottleneck }));
  for (const parameter of adapter.parameters) parameter.load(weight(parameter.name, parameter.size), null);
  freezeBackbone(model, adapter);
  return { model, adapter };
}

/** The same, with masks on the adapters' matrices, final unless the task says otherwise, and its backbone held as that says. */
export function buildMasked(task: ModelTask): Adapted {
  const adapted = build(task, task.backboneDtype);
  for (const parameter of adapted.adapter.prunable) {
    if (task.sparsity === 0) continue;
    parameter.setMask(mask(parameter.name, parameter.size, task.sparsity));
    if (!task.openMasks) parameter.fixMask();
  }
  return adapted;
}

export function examples({ batches, model: { vocabulary } }: ModelTask): EncodedExample[][] {
  return batches.map((lengths, b) =>
    lengths.map((length, s) => {
      const ids = Array.from({ length }, (_, i) => tokenId(b, s, i, vocabulary));
      return { ids, typeIds: ids.map(() => 0), label: label(s) };
    }),
  );
}

/** One after the other, again and again. */
function cycle<T>(items: readonly T[]): () => T {
  let next = 0;
  return () => items[next++ % items.length];
}

export function forward(task: ModelTask): Job {
  const { model } = buildMasked(task);
  const nextBatch = cycle(examples(task));
  const run = async () => {
    const logits = tidy(() => noGrad(() => model.forward(packSequences(nextBatch(), model.encoder.positionIds))));
    const [value] = await logits.data();
    logits.dispose();
    return value;
  };
  return {
    run: async () => {
      const { seconds, result } = await timed(run);
      return { seconds, value: result };
    },
  };
}

/** More steps than any measurement takes, so that the learning rate stays where it is. */
const STEPS = 10_000;

/** Training steps for parameters, each with the loss that `loss` gives next. */
export function stepper(parameters: readonly Parameter[], loss: (random: Random) => Tensor): Trainer<number> {
  return new Trainer(
    {
      items: Array.from({ length: STEPS }, (_, i) => i),
      lengthOf: () => 1,
      parameters,
      loss: (_, random) => loss(random),
    },
    trainingOptions({ batchSize: 1, epochs: 1, warmupRatio: 0 }),
    new Random(1),
  );
}

export function train(task: ModelTask & { readonly perRun: number }): Job {
  const { model } = buildMasked(task);
  const nextBatch = cycle(examples(task));
  const trained = model.parameters().filter(({ trainable }) => trainable);
  const trainer = stepper(trained, (random) => classificationLoss(model, nextBatch(), random));
  return {
    run: async () => {
      const { seconds, result } = await timed(async () => {
        let loss = 0;
        for (let step = 0; step < task.perRun; step++) ({ loss } = await trainer.trainStep());
        return loss;
      });
      return { seconds, value: result };
    },
  };
}

export function score(task: ModelTask & { readonly kind: 'snip' | 'grasp' }): Job {
  const method = { snip, grasp }[task.kind];
  const { backboneDtype = 'float32' } = task;
  let adapted = build(task);
  let isPacked = false;
  return {
    run: async () => {
      if (isPacked) {
        for (const parameter of adapted.model.parameters()) parameter.dispose();
        adapted = build(task);
      }
      const { model, adapter } = adapted;
      const losses = examples(task).map((batch) => () => classificationLoss(model, batch));
      const scores = await timed(() => method({ parameters: adapter.prunable, random: new Random(1), losses }));
      const packing = await timed(() => holdBackbone(model, backboneDtype));
      isPacked = packing.result > 0;
      return {
        seconds: scores.seconds + packing.seconds,
        value: sum(scores.result.flatMap((z) => [...z])),
        ...(isPacked && { parts: { scores: scores.seconds, packing: packing.seconds } }),
      };
    },
  };
}
