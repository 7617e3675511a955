import { basename, join } from 'node:path';
import { freezeBackbone } from '../../src/adapters/index.ts';
import { add, grad, matmul, mse, noGrad, Random, type Tensor, tanh, tensor, tidy } from '../../src/index.ts';
import { openSafetensors } from '../../src/io/index.ts';
import { packPadded } from '../../src/models/index.ts';
import { Parameter } from '../../src/nn/index.ts';
import {
  AdamW,
  type AdamWVariant,
  clipGradNorm,
  exceptBiasesAndNorms,
  globalNorm,
  linearSchedule,
} from '../../src/optim/index.ts';
import { prune } from '../../src/pruning/index.ts';
import { maskOf, weightsOf } from '../support/parameters.ts';
import {
  type Area,
  bothBackends,
  type Case,
  type Compare,
  caseFolders,
  casesOf,
  casesOfFiles,
  casesOfRows,
  floorTolerance,
  readJson,
} from './framework.ts';
import { type AdapterSpec, adaptedClassifier } from './models.ts';

const variants: Readonly<Record<string, AdamWVariant>> = {
  torch_adamw: 'torch-adamw',
  hf_adamw: 'hf-adamw',
  adam_l2: 'adam-l2',
};

function variantOf(kind: string): AdamWVariant {
  if (!Object.hasOwn(variants, kind)) throw new Error(`Unknown optimiser kind ${kind}`);
  return variants[kind];
}

const pruningMethods: Readonly<Record<string, string>> = { snip_abs: 'snip', grasp: 'grasp', magnitude: 'magnitude' };

function pruningMethodOf(kind: string): string {
  if (!Object.hasOwn(pruningMethods, kind)) throw new Error(`Unknown pruning kind ${kind}`);
  return pruningMethods[kind];
}

const largest = (logits: Float32Array | Float64Array): number => logits.indexOf(Math.max(...logits));

/** The gradients to step with, and their norm before clipping. */
function clipped(gradients: readonly Tensor[], maxNorm: number | null): { gradients: readonly Tensor[]; norm: number } {
  return {
    gradients: clipGradNorm(gradients, maxNorm ?? Number.POSITIVE_INFINITY),
    norm: globalNorm(gradients).item(),
  };
}

interface SmallCase {
  readonly total_steps: number;
  readonly warmup_steps: number;
  readonly base_lr: number;
  readonly lr: number[];
  readonly betas: [number, number];
  readonly variants: readonly Variant[];
}
interface Variant {
  readonly id: string;
  readonly kind: string;
  readonly eps: number;
  readonly weight_decay: number;
  readonly decay_on: 'all' | 'weights';
  readonly clip_grad_norm: number | null;
  readonly loss_before_step: number[];
  readonly loss_tol: number;
  readonly tensors: Readonly<Record<string, { name: string; tol: number }>>;
}

/** The masked two-layer regression tanh(X W1ᵀ + b1) W2ᵀ + b2, whose masks are final or may still change. */
function runSmall(folder: string, golden: SmallCase, variant: Variant, isFinal: boolean, compare: Compare): void {
  const file = openSafetensors(join(folder, 'tensors.safetensors'));
  const read = (name: string) => tensor(file.readFloat32(name), file.info(name).shape);
  const parameters = ['W1', 'b1', 'W2', 'b2'].map((name) => {
    const parameter = new Parameter(name, file.readFloat32(`init/${name}`), file.info(`init/${name}`).shape);
    if (file.has(`mask/${name}`)) parameter.setMask(file.readFloat32(`mask/${name}`));
    if (isFinal) parameter.fixMask();
    return parameter;
  });
  const [w1, b1, w2, b2] = parameters;
  const [x, y] = [read('X'), read('Y')];
  const optimizer = new AdamW(parameters, {
    variant: variantOf(variant.kind),
    betas: golden.betas,
    eps: variant.eps,
    weightDecay: variant.weight_decay,
    decays: ({ name }) => variant.decay_on === 'all' || name.startsWith('W'),
  });
  const trajectories = new Map<string, number[]>(parameters.map(({ name }) => [name, []]));
  const losses: number[] = [];
  for (let step = 0; step < golden.total_steps; step++) {
    tidy(() => {
      const hidden = tanh(add(matmul(x, w1.tensor(), { transposeB: true }), b1.tensor()));
      const loss = mse(add(matmul(hidden, w2.tensor(), { transposeB: true }), b2.tensor()), y);
      losses.push(loss.item());
      const gradients = grad(
        loss,
        parameters.map(({ value }) => value),
      );
      const rate = golden.base_lr * linearSchedule(step, golden.warmup_steps, golden.total_steps);
      compare(`lr ${step}`, [rate], [golden.lr[step]], 1e-9);
      optimizer.learningRate = rate;
      optimizer.step(clipped(gradients, variant.clip_grad_norm).gradients);
    });
    for (const parameter of parameters) trajectories.get(parameter.name)?.push(...weightsOf(parameter));
  }
  compare('loss', losses, variant.loss_before_step, variant.loss_tol);
  for (const [name, { name: stored, tol }] of Object.entries(variant.tensors)) {
    compare(name, trajectories.get(name), file.readFloat32(stored), tol);
  }
  comparePruned(parameters, compare);
}

/** Holds all pruned weights against 0. */
function comparePruned(parameters: readonly Parameter[], compare: Compare): void {
  for (const parameter of parameters) {
    const mask = maskOf(parameter);
    if (!mask) continue;
    const pruned = weightsOf(parameter).filter((_, i) => mask[i] === 0);
    compare(`${parameter.name} pruned`, pruned, new Float32Array(parameter.size - parameter.keptCount()), 0);
  }
}

interface TrainCase {
  readonly spec: AdapterSpec;
  readonly dataset: { input_ids: number[][]; attention_mask: number[][]; labels: number[] };
  readonly batch_order: number[][];
  readonly scoring_batch: number[];
  readonly pruning: { kind: string; sparsity: number; n_prune: number };
  readonly optimizer: {
    kind: string;
    betas: [number, number];
    eps: number;
    weight_decay: number;
    clip_grad_norm: number | null;
  };
  readonly schedule: { base_lr: number; total_steps: number; warmup_steps: number };
  readonly loss_per_step: number[];
  readonly grad_norm_per_step_before_clip: number[];
  readonly loss_tol: number;
  readonly eval_loss: number;
  readonly eval_accuracy: number;
  readonly eval_logits_tol: number;
  readonly tensors: Readonly<Record<string, { tol: number }>>;
}

async function runTraining(folder: string, golden: TrainCase, compare: Compare): Promise<void> {
  const { model, adapter } = adaptedClassifier(folder, join(folder, 'adapter.safetensors'), golden.spec);
  const expected = openSafetensors(join(folder, 'expected.safetensors'));
  freezeBackbone(model, adapter);
  const { input_ids, attention_mask, labels } = golden.dataset;
  const pick = (rows: readonly number[]) => ({
    input_ids: rows.map((i) => input_ids[i]),
    attention_mask: rows.map((i) => attention_mask[i]),
  });
  const forward = (rows: readonly number[]) => model.forward(packPadded(pick(rows), model.encoder.positionIds));
  const lossOf = (rows: readonly number[]) =>
    model.loss(
      forward(rows),
      rows.map((i) => labels[i]),
    );

  const report = await prune({
    method: pruningMethodOf(golden.pruning.kind),
    sparsity: golden.pruning.sparsity,
    parameters: adapter.prunable,
    random: new Random(0),
    losses: [() => lossOf(golden.scoring_batch)],
  });
  compare('n_prune', [report.total - report.kept], [golden.pruning.n_prune], 0);
  for (const parameter of adapter.prunable) {
    const stored = `mask/${parameter.name}`;
    compare(stored, maskOf(parameter) ?? undefined, expected.readRaw(stored), 0);
  }

  const parameters = model.parameters().filter(({ trainable }) => trainable);
  const { kind, betas, eps, weight_decay, clip_grad_norm } = golden.optimizer;
  const optimizer = new AdamW(parameters, {
    variant: variantOf(kind),
    betas,
    eps,
    weightDecay: weight_decay,
    decays: exceptBiasesAndNorms,
  });
  const { base_lr, warmup_steps, total_steps } = golden.schedule;
  const losses: number[] = [];
  const norms: number[] = [];
  golden.batch_order.forEach((rows, step) => {
    tidy(() => {
      const loss = lossOf(rows);
      losses.push(loss.item());
      const { gradients, norm } = clipped(
        grad(
          loss,
          parameters.map(({ value }) => value),
        ),
        clip_grad_norm,
      );
      norms.push(norm);
      optimizer.learningRate = base_lr * linearSchedule(step, warmup_steps, total_steps);
      optimizer.step(gradients);
    });
  });
  compare('loss_per_step', losses, golden.loss_per_step, golden.loss_tol);
  const expectedNorms = golden.grad_norm_per_step_before_clip;
  compare('grad_norm_per_step', norms, expectedNorms, floorTolerance(expectedNorms));
  for (const parameter of parameters) {
    const { name } = parameter;
    compare(`final/${name}`, weightsOf(parameter), expected.readFloat32(`final/${name}`), golden.tensors[name].tol);
  }
  comparePruned(adapter.prunable, compare);
  tidy(() =>
    noGrad(() => {
      const all = labels.map((_, i) => i);
      const logits = forward(all);
      const values = logits.dataSync();
      compare('eval_logits', values, expected.readFloat32('eval_logits'), golden.eval_logits_tol);
      compare('eval_loss', model.loss(logits, labels).dataSync(), [golden.eval_loss], golden.loss_tol);
      const classes = values.length / labels.length;
      const correct = labels.filter((label, i) => largest(values.subarray(i * classes, (i + 1) * classes)) === label);
      compare('eval_accuracy', [correct.length / labels.length], [golden.eval_accuracy], 0);
    }),
  );
}

interface ScheduleCase {
  readonly total: number;
  readonly warmup_ratio: number;
  readonly warmup_steps: number;
  readonly base: number;
  readonly lr: number[];
}

function scheduleCase({ total, warmup_ratio, warmup_steps, base, lr }: ScheduleCase): Case {
  return {
    name: `schedule ${total} ${warmup_ratio}`,
    run: (compare) => {
      compare('warmup_steps', [Math.ceil(total * warmup_ratio)], [warmup_steps], 0);
      const rates = lr.map((_, step) => base * linearSchedule(step, warmup_steps, total));
      compare('lr', rates, lr, 1e-9);
    },
  };
}

function trajectories(path: string): Case[] {
  const content = readJson<SmallCase | TrainCase>(path, 'case.json');
  const name = basename(path);
  if (!('variants' in content)) return [{ name, run: (compare) => runTraining(path, content, compare) }];
  return content.variants.flatMap((variant) =>
    [false, true].map((isFinal) => ({
      name: `${name} ${variant.id}${isFinal ? ', masks final' : ''}`,
      run: (compare: Compare) => runSmall(path, content, variant, isFinal, compare),
    })),
  );
}

export const optim: Area = {
  name: 'optim',
  backends: bothBackends,
  cases: (golden) => {
    const folder = join(golden, 'optim');
    return [
      ...caseFolders(folder).flatMap((path) => casesOf(basename(path), () => trajectories(path))),
      ...casesOfFiles(folder, {
        'schedules.json': () =>
          casesOfRows(
            'schedules.json',
            readJson<{ cases: ScheduleCase[] }>(folder, 'schedules.json').cases,
            scheduleCase,
          ),
      }),
    ];
  },
};
