import { join } from 'node:path';
import * as engine from '../../src/index.ts';
import { add, broadcastTo, grad, hvp, mul, reshape, sum, type Tensor, tensor, tidy } from '../../src/index.ts';
import { openSafetensors, type SafetensorsFile } from '../../src/io/index.ts';
import { onGpu } from '../support/gpu.ts';
import { type Area, bothBackends, type Compare, casesOfRows, readJson } from './framework.ts';

interface Input {
  readonly name: string;
  readonly tensor: string;
  readonly shape: number[];
  readonly kind: 'float' | 'const' | 'int' | 'bool';
  readonly u: string;
  readonly vjp: string;
  readonly grad: string;
  readonly hvp: string;
  readonly tol: { readonly vjp: number; readonly grad: number; readonly hvp: number };
}
interface OpCase {
  readonly id: string;
  readonly op: string;
  readonly attrs: Attributes;
  readonly inputs: readonly Input[];
  readonly output: { readonly tensor: string; readonly shape: number[]; readonly tol: number };
  readonly c: string;
}
/** The union of all attributes in ops.json; each operation reads its own. */
interface Attributes {
  readonly axis: number;
  readonly axes: number[] | null;
  readonly keepdim: boolean;
  readonly dims: [number, number];
  readonly perm: number[];
  readonly shape: number[];
  readonly starts: number[];
  readonly ends: number[];
  readonly exponent: number;
  readonly eps: number;
  readonly ignore_index: number;
  readonly reduction: 'mean' | 'sum';
  readonly value: number;
  readonly scale: number;
  readonly act: string;
}

type Arguments = {
  readonly t: readonly Tensor[];
  readonly ints: Int32Array;
  readonly idsShape: number[];
  readonly attrs: Attributes;
};
type Op = (args: Arguments) => Tensor;

const unary =
  (f: (x: Tensor) => Tensor): Op =>
  ({ t: [x] }) =>
    f(x);
const binary =
  (f: (a: Tensor, b: Tensor) => Tensor): Op =>
  ({ t: [a, b] }) =>
    f(a, b);
const reduction =
  (f: typeof engine.sum): Op =>
  ({ t: [x], attrs }) =>
    f(x, { axis: attrs.axes ?? undefined, keepDims: attrs.keepdim });

/** Each operation of ops.json through our public functions. */
const operations: Readonly<Record<string, Op>> = {
  matmul: binary((a, b) => engine.matmul(a, b)),
  linear: ({ t: [x, w, b] }) => engine.linear(x, w, b),
  add: binary(engine.add),
  sub: binary(engine.sub),
  mul: binary(engine.mul),
  div: binary(engine.div),
  neg: unary(engine.neg),
  exp: unary(engine.exp),
  log: unary(engine.log),
  tanh: unary(engine.tanh),
  sigmoid: unary(engine.sigmoid),
  relu: unary(engine.relu),
  gelu: unary(engine.gelu),
  gelu_tanh: unary(engine.geluTanh),
  silu: unary(engine.silu),
  sqrt: unary(engine.sqrt),
  rsqrt: unary(engine.rsqrt),
  abs: unary(engine.abs),
  erf: unary(engine.erf),
  mul_self: unary((x) => mul(mul(x, x), engine.tanh(x))),
  pow: ({ t: [x], attrs }) => engine.pow(x, attrs.exponent),
  softmax: ({ t: [x], attrs }) => engine.softmax(x, attrs.axis),
  log_softmax: ({ t: [x], attrs }) => engine.logSoftmax(x, attrs.axis),
  softmax_additive_mask: ({ t: [x, mask], attrs }) => engine.softmax(add(x, mask), attrs.axis),
  layer_norm: ({ t: [x, w, b], attrs }) => engine.layerNorm(x, w, b, attrs.eps),
  cross_entropy: ({ t: [logits], ints, attrs }) =>
    engine.crossEntropy(logits, ints, { ignoreIndex: attrs.ignore_index, reduction: attrs.reduction }),
  mse: ({ t: [a, b], attrs }) => engine.mse(a, b, { reduction: attrs.reduction }),
  embedding: ({ t: [table], ints, idsShape }) =>
    reshape(engine.indexSelect(table, ints), [...idsShape, table.shape[1]]),
  sum: reduction(engine.sum),
  mean: reduction(engine.mean),
  max: reduction(engine.max),
  reshape: ({ t: [x], attrs }) => reshape(x, attrs.shape),
  transpose: ({ t: [x], attrs }) => engine.transpose(x, ...attrs.dims),
  transpose_reshape: ({ t: [x], attrs }) => reshape(engine.transpose(x, ...attrs.dims), attrs.shape),
  permute: ({ t: [x], attrs }) => engine.permute(x, attrs.perm),
  permute_reshape: ({ t: [x], attrs }) => reshape(engine.permute(x, attrs.perm), attrs.shape),
  slice: ({ t: [x], attrs }) => engine.slice(x, attrs.starts, attrs.ends),
  concat: ({ t, attrs }) => engine.concat(t, attrs.axis),
  concat_self: ({ t: [x], attrs }) => engine.concat([x, x], attrs.axis),
  broadcast_to: ({ t: [x], attrs }) => broadcastTo(x, attrs.shape),
  where: ({ t: [condition, a, b] }) => engine.where(condition, a, b),
  masked_fill: ({ t: [x, mask], attrs }) => engine.maskedFill(x, mask, attrs.value),
  attention: ({ t: [q, k, v, mask], attrs }) => engine.attention(q, k, v, { scale: attrs.scale, mask }),
  bottleneck: ({ t: [x, down, downBias, up, upBias], attrs }) =>
    engine.bottleneck(
      x,
      { down, downBias, up, upBias },
      { activation: attrs.act as engine.ActivationName, residual: x },
    ),
};

function run(golden: OpCase, file: SafetensorsFile, compare: Compare): void {
  if (!Object.hasOwn(operations, golden.op)) throw new Error(`ops.json: unknown operation ${golden.op}`);
  const operation = operations[golden.op];
  tidy(() => {
    const ints = golden.inputs.find(({ kind }) => kind === 'int');
    const floats = golden.inputs.filter((input) => input !== ints);
    const tensors = floats.map(({ tensor: name, shape, kind }) =>
      tensor(values(file, name), shape, { requiresGrad: kind === 'float' }),
    );
    const variables = floats.map((input, i) => ({ ...input, leaf: tensors[i] })).filter(({ kind }) => kind === 'float');
    const leaves = variables.map(({ leaf }) => leaf);
    const apply = () =>
      operation({
        t: tensors,
        ints: Int32Array.from(ints ? values(file, ints.tensor) : []),
        idsShape: ints?.shape ?? [],
        attrs: golden.attrs,
      });
    const c = tensor(values(file, golden.c), golden.output.shape);
    // L = sum(c (y + y² / 2))
    const loss = () => {
      const y = apply();
      return sum(mul(c, add(y, mul(mul(y, y), 0.5))));
    };
    const out = apply();
    compare('shape', out.shape, golden.output.shape, 0);
    compare('out', out.dataSync(), values(file, golden.output.tensor), golden.output.tol);
    const vjps = grad(apply(), leaves, { gradOutput: c });
    const gradients = grad(loss(), leaves);
    const products = hvp(
      loss,
      leaves,
      variables.map(({ u, shape }) => tensor(values(file, u), shape)),
    );
    variables.forEach(({ name, vjp, grad: g, hvp: h, tol }, i) => {
      compare(`vjp/${name}`, vjps[i].dataSync(), values(file, vjp), tol.vjp);
      compare(`grad/${name}`, gradients[i].dataSync(), values(file, g), tol.grad);
      compare(`hvp/${name}`, products[i].dataSync(), values(file, h), tol.hvp);
    });
  });
}

function values(file: SafetensorsFile, name: string): ArrayLike<number> {
  const { dtype } = file.info(name);
  if (dtype === 'I32') return new Int32Array(file.readRaw(name).buffer);
  return dtype === 'U8' || dtype === 'BOOL' ? file.readRaw(name) : file.readFloat32(name);
}

export const ops: Area = {
  name: 'ops',
  backends: [...bothBackends, ...(onGpu ? [] : [['reference', { dtype: 'float64' }] as const])],
  cases: (golden) => {
    const folder = join(golden, 'ops');
    const file = openSafetensors(join(folder, 'ops.safetensors'));
    const { cases } = readJson<{ cases: OpCase[] }>(folder, 'ops.json');
    return casesOfRows('ops.json', cases, (opCase) => ({
      name: opCase.id,
      run: (compare) => run(opCase, file, compare),
    }));
  },
};
