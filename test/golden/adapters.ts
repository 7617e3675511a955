import { basename, join } from 'node:path';
import { type Adapter, Fusion } from '../../src/adapters/index.ts';
import { getBackend, grad, hvp, tidy } from '../../src/index.ts';
import { openSafetensors } from '../../src/io/index.ts';
import { holdBackbone, type PackedBatch, packPadded } from '../../src/models/index.ts';
import { type BartAdapterCase, runBartAdapter } from './bart.ts';
import { type Area, bothBackends, type Case, type Compare, caseFolders, readJson } from './framework.ts';
import { type AdapterSpec, adaptedClassifier, type LabelledBatch, storedName, unpack } from './models.ts';

interface AdapterCase {
  readonly backbone: string;
  readonly adapter: string;
  readonly expected: string;
  readonly spec: AdapterSpec;
  readonly inputs: LabelledBatch;
  readonly tensors: Readonly<Record<string, { tol: number }>>;
  readonly scalars: { readonly loss: Scalar; readonly fusion_regularization?: Scalar };
}

interface Scalar {
  readonly value: number;
  readonly tol: number;
}

/** Adds what a pass computes of the weights of fused adapters to `values`, layer by layer. */
function recordFusion({ parts }: Adapter, batch: PackedBatch, values: Record<string, ArrayLike<number>>): void {
  for (const [layer, [point, module]] of [...(parts.residual ?? [])].entries()) {
    if (!(module instanceof Fusion)) continue;
    point.attached = (h, sublayer) => {
      values[`fusion_probs.${layer}`] = unpack(module.weigh(h, sublayer).p, batch);
      return module.forward(h, sublayer);
    };
  }
}

function run(folder: string, golden: AdapterCase, compare: Compare): void {
  const { model, adapter, parameters } = adaptedClassifier(
    join(folder, golden.backbone),
    join(folder, golden.adapter),
    golden.spec,
  );
  const batch = packPadded(golden.inputs, model.encoder.positionIds);
  const loss = () => model.loss(model.forward(batch), golden.inputs.labels);
  tidy(() => {
    const values: Record<string, ArrayLike<number>> = {};
    recordFusion(adapter, batch, values);
    values.logits = model.forward(batch).dataSync();
    model.encoder.hiddenStates(batch).forEach((state, i) => {
      values[`hidden_states.${i}`] = unpack(state, batch);
    });
    compare('loss', loss().dataSync(), [golden.scalars.loss.value], golden.scalars.loss.tol);
    const regularizer = golden.scalars.fusion_regularization;
    if (regularizer)
      compare('fusion_regularization', adapter.regularizer?.().dataSync(), [regularizer.value], regularizer.tol);

    const all = model.parameters();
    const everything = all.map(({ value }) => value);
    grad(loss(), everything).forEach((g, i) => {
      values[`grad/${storedName(golden.spec, all[i])}`] = all[i].spread(g.dataSync());
    });
    // H g over the tensors of the adapter alone.
    const leaves = parameters.map(({ value }) => value);
    hvp(loss, leaves, grad(loss(), leaves)).forEach((h, i) => {
      values[`hg/${storedName(golden.spec, parameters[i])}`] = parameters[i].spread(h.dataSync());
    });
    const expected = openSafetensors(join(folder, golden.expected));
    for (const [name, { tol }] of Object.entries(golden.tensors)) {
      compare(name, values[name], expected.readFloat32(name), tol);
    }
  });
  if (getBackend().int8) runInt8(folder, golden, compare);
}

/**
 * Logits with the backbone in 8 bits: their relative error as a vector is compared with 0. (Gradients are compared on a real model, in
 * test/models/int8-minilm.test.ts: in these small random ones, those of a few examples cancel and jump at the kinks of ReLU.)
 *
 * The tolerance follows from the format. A number is off by a uniform error of variance s²/12. A row of activations of n normal numbers
 * spans at most 2 √(2 ln n) standard deviations in 127 steps, a row of weights half of that in 63: each contributes a relative error of
 * √(2 ln n) / (63 √12) to a product, and both √2 as much: 0.015 for n = 16, 0.019 for n = 64. Errors of layers are independent and
 * add up as squares. Four times that is allowed: numbers are not quite normal, and norms and attention stretch errors.
 */
function runInt8(folder: string, golden: AdapterCase, compare: Compare): void {
  const { backbone, adapter, spec, inputs } = golden;
  const { model, parameters } = adaptedClassifier(join(folder, backbone), join(folder, adapter), spec);
  const trained = new Set(parameters);
  for (const parameter of model.parameters()) parameter.trainable = trained.has(parameter);
  const held = holdBackbone(model, 'int8');
  if (held === 0) throw new Error('no weight is held in 8 bits');
  const widest = Math.max(...model.points.projection.map(({ linear }) => linear.weight.shape[1]));
  const ofLayer = (Math.sqrt(2 * Math.log(widest)) / (63 * Math.sqrt(12))) * Math.SQRT2;
  const expected = openSafetensors(join(folder, golden.expected)).readFloat32('logits');
  const logits = tidy(() => model.forward(packPadded(inputs, model.encoder.positionIds)).dataSync());
  const length = Math.hypot(...expected);
  const error = Math.hypot(...Array.from(logits, (x, i) => x - expected[i])) / length;
  compare('logits in 8 bits: error', [error], [0], 4 * ofLayer * Math.sqrt(held));
}

export const adapters: Area = {
  name: 'adapters',
  backends: bothBackends,
  cases: (folder) =>
    caseFolders(join(folder, 'adapters')).map(
      (path): Case => ({
        name: basename(path),
        run: (compare) => {
          const golden = readJson<AdapterCase>(path, 'case.json');
          const isBart = readJson(path, golden.backbone, 'config.json').model_type === 'bart';
          if (isBart) runBartAdapter(path, readJson<BartAdapterCase>(path, 'case.json'), compare);
          else run(path, golden, compare);
        },
      }),
    ),
};
