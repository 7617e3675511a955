import { counterUniform } from '../../random/counter.ts';
import type {
  Backend,
  BinaryOp,
  FusedKernels,
  MatmulSpec,
  OptimizerKernels,
  ReduceOp,
  Shape,
  UnaryOp,
  View,
} from '../backend.ts';
import { broadcastStrides, sizeOf, stridesOf } from '../shapes.ts';
import { readFloats, type StoredNumbers } from '../stored.ts';
import { collapse, reductions } from '../walk.ts';
import { GpuBuffer } from './buffer.ts';
import { fusedKernels } from './fused.ts';
import { Device, type KernelArgument } from './gpujs.ts';
import { optimizerKernels } from './optimizer.ts';
import { linear, matmul } from './products.ts';
import { type Program, Programs, REDUCED_ROWS, type Variant } from './programs.ts';
import { binaryFunctions, programs, unaryFunctions } from './sources.ts';

export { GpuBuffer } from './buffer.ts';

type GpuView = View<GpuBuffer>;

/** Axes that the walking kernels count. */
const AXES = 6;
const BYTES_PER_NUMBER = 4;

/** One for all backends of a process: kernels are compiled once, and browsers give few devices. */
let shared: Promise<{ device: Device; programs: Programs }> | null = null;

async function open(): Promise<{ device: Device; programs: Programs }> {
  const device = await Device.open();
  const made = new Programs(device);
  // The device opens with its first kernel.
  made.run(programs.fill, 1, [1]).delete();
  return { device, programs: made };
}

/** Shaders made by gpu.js. Every array is a texture that stays on the device until it is read. Everything is float32. */
export class GpuBackend implements Backend {
  readonly name = 'gpu';
  readonly dtype = 'float32';
  readonly fused: Partial<FusedKernels<GpuBuffer>> = fusedKernels(this);
  readonly optimizer: OptimizerKernels<GpuBuffer> = optimizerKernels(this);
  readonly device: Device;
  readonly #programs: Programs;
  #bytes = 0;

  /** @throws InputError if there is no gpu.js or no device */
  static async open(): Promise<GpuBackend> {
    shared ??= open();
    try {
      const { device, programs } = await shared;
      return new GpuBackend(device, programs);
    } catch (error) {
      shared = null;
      throw error;
    }
  }

  private constructor(device: Device, programs: Programs) {
    this.device = device;
    this.#programs = programs;
  }

  describe(): string {
    return this.device.describe();
  }

  /** Runs a program that gives `length` numbers. */
  run(program: Program, length: number, values: readonly (GpuBuffer | KernelArgument)[], variant?: Variant): GpuBuffer {
    if (length === 0) return new GpuBuffer(0, null);
    const operands = values.map((value) => (value instanceof GpuBuffer ? value.texture : value));
    const texture = this.#programs.run(program, length, operands, variant);
    this.#bytes += BYTES_PER_NUMBER * length;
    return new GpuBuffer(length, texture);
  }

  /** Calls `use` with a function for arrays that are freed at the end. */
  scoped<T>(use: (own: (buffer: GpuBuffer) => GpuBuffer) => T): T {
    const owned: GpuBuffer[] = [];
    const own = (buffer: GpuBuffer): GpuBuffer => {
      owned.push(buffer);
      return buffer;
    };
    try {
      return use(own);
    } finally {
      for (const buffer of owned) this.free(buffer);
    }
  }

  /**
   * An array made of x. What is asked for again is likely to be asked for many times, as is that of a frozen weight: from the second
   * time on it is kept until the numbers of x change or go. It belongs to x then, and `bytes` does not count it.
   *
   * @param key how it is made
   * @param own takes the array of the first time, to free it
   */
  formOf(x: GpuBuffer, key: string, make: () => GpuBuffer, own: (buffer: GpuBuffer) => GpuBuffer): GpuBuffer {
    const kept = x.forms.get(key);
    if (kept) return kept;
    const made = make();
    x.forms.set(key, kept === null ? made : null);
    if (kept === undefined) return own(made);
    this.#bytes -= BYTES_PER_NUMBER * made.length;
    return made;
  }

  /** Gives an array of a value's length the value's numbers, and frees the value: what changes in place on other backends. */
  replace(buffer: GpuBuffer, value: GpuBuffer): void {
    buffer.take(value);
    this.#bytes -= BYTES_PER_NUMBER * value.length;
  }

  upload(values: ArrayLike<number>): GpuBuffer {
    return this.run(programs.upload, values.length, [Float32Array.from(values)]);
  }

  uploadStored(numbers: StoredNumbers): GpuBuffer {
    return this.run(programs.upload, numbers.length, [readFloats(numbers)]);
  }

  fill(length: number, value: number): GpuBuffer {
    return this.run(programs.fill, length, [value]);
  }

  async read(buffer: GpuBuffer): Promise<Float32Array> {
    return this.readSync(buffer);
  }

  readSync(buffer: GpuBuffer): Float32Array {
    if (buffer.length === 0) return new Float32Array(0);
    const values = buffer.texture.toArray();
    this.device.assertSound();
    return values;
  }

  free(buffer: GpuBuffer): void {
    buffer.delete();
    this.#bytes -= BYTES_PER_NUMBER * buffer.length;
  }

  bytes(): number {
    return this.#bytes;
  }

  unary(op: UnaryOp, x: GpuBuffer): GpuBuffer {
    return this.run(programs.unary, x.length, [x], { apply: unaryFunctions[op] });
  }

  binary(op: BinaryOp, a: GpuView, b: GpuView, shape: Shape): GpuBuffer {
    const [length, apply] = [sizeOf(shape), binaryFunctions[op]];
    if (a.buffer.length === length && b.buffer.length === length) {
      return this.run(programs.binary, length, [a.buffer, b.buffer], { apply });
    }
    const layout = layoutOf(shape, [a, b]);
    return this.run(programs.binaryWalk, length, [a.buffer, b.buffer, ...layout], { apply });
  }

  select(condition: GpuView, a: GpuView, b: GpuView, shape: Shape): GpuBuffer {
    const views = [condition, a, b];
    const buffers = views.map((view) => view.buffer);
    return this.run(programs.select, sizeOf(shape), [...buffers, ...layoutOf(shape, views)]);
  }

  broadcast(x: GpuView, shape: Shape): GpuBuffer {
    return this.run(programs.walk, sizeOf(shape), [x.buffer, 0, ...layoutOf(shape, [x])]);
  }

  reduce(op: ReduceOp, x: GpuView, axes: readonly number[]): GpuBuffer {
    const steps = reductions(x.shape, axes);
    if (steps.length === 0) return this.broadcast(x, x.shape);
    const program = op === 'sum' ? programs.sumRows : programs.maxRows;
    let from = x.buffer;
    for (const { outer, rows, inner } of steps) {
      let left = rows;
      do {
        const chunks = Math.ceil(left / REDUCED_ROWS);
        const out =
          left === 0
            ? this.fill(outer * inner, op === 'sum' ? 0 : Number.NEGATIVE_INFINITY)
            : this.run(program, outer * chunks * inner, [from, left, chunks, inner], { rounds: REDUCED_ROWS });
        if (from !== x.buffer) this.free(from);
        from = out;
        left = chunks;
      } while (left > 1);
    }
    return from;
  }

  matmul(a: GpuBuffer, b: GpuBuffer, spec: MatmulSpec): GpuBuffer {
    return matmul(this, a, b, spec);
  }

  linear(x: GpuView, weight: GpuView, bias: GpuView | null): GpuBuffer {
    return linear(this, x, weight, bias);
  }

  gather(table: GpuView, ids: Int32Array): GpuBuffer {
    const width = sizeOf(table.shape.slice(1));
    if (table.buffer.length === 0) return this.fill(ids.length * width, 0);
    return this.run(programs.gather, ids.length * width, [table.buffer, Float32Array.from(ids), width]);
  }

  scatterAdd(x: GpuView, ids: Int32Array, rows: number): GpuBuffer {
    const width = sizeOf(x.shape.slice(1));
    const { starts, order, most } = byRow(ids, rows);
    if (most === 0) return this.fill(rows * width, 0);
    return this.run(programs.scatterAdd, rows * width, [x.buffer, starts, order, width], { rounds: most });
  }

  permute(x: GpuView, order: readonly number[]): GpuBuffer {
    const strides = stridesOf(x.shape);
    const shape = order.map((axis) => x.shape[axis]);
    const layout = layoutWith(shape, [order.map((axis) => strides[axis])]);
    return this.run(programs.walk, x.buffer.length, [x.buffer, 0, ...layout]);
  }

  slice(x: GpuView, starts: readonly number[], shape: Shape): GpuBuffer {
    const strides = stridesOf(x.shape);
    const base = starts.reduce((sum, start, axis) => sum + start * strides[axis], 0);
    return this.run(programs.walk, sizeOf(shape), [x.buffer, base, ...layoutWith(shape, [strides])]);
  }

  pad(x: GpuView, starts: readonly number[], shape: Shape): GpuBuffer {
    if (x.buffer.length === 0) return this.fill(sizeOf(shape), 0);
    let from = x.buffer;
    const lengths = [...x.shape];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const rows = lengths[axis];
      if (rows === shape[axis]) continue;
      const inner = sizeOf(lengths.slice(axis + 1));
      lengths[axis] = shape[axis];
      const out = this.run(programs.padRows, sizeOf(lengths), [from, rows, inner, shape[axis], starts[axis]]);
      if (from !== x.buffer) this.free(from);
      from = out;
    }
    return from === x.buffer ? this.broadcast(x, shape) : from;
  }

  concat(xs: readonly GpuView[], axis: number): GpuBuffer {
    const filled = xs.filter(({ buffer }) => buffer.length > 0);
    const shape = (views: readonly GpuView[]): number[] => {
      const sum = views.reduce((rows, x) => rows + x.shape[axis], 0);
      return xs[0].shape.with(axis, sum);
    };
    if (filled.length === 0) return new GpuBuffer(0, null);
    if (filled.length === 1) return this.broadcast(filled[0], filled[0].shape);
    // Two at a time, so that every number is copied as often as the logarithm of the number of arrays.
    const half = Math.ceil(filled.length / 2);
    const [a, b] = [filled.slice(0, half), filled.slice(half)].map((views) =>
      views.length === 1 ? views[0] : { buffer: this.concat(views, axis), shape: shape(views) },
    );
    const inner = sizeOf(a.shape.slice(axis + 1));
    const length = a.buffer.length + b.buffer.length;
    const out = this.run(programs.concatRows, length, [a.buffer, b.buffer, a.shape[axis], b.shape[axis], inner]);
    for (const part of [a, b]) if (!xs.includes(part)) this.free(part.buffer);
    return out;
  }

  /** Made on the host: shaders of WebGL 1 have no 32-bit integers to mix. */
  uniform(length: number, seed: number): GpuBuffer {
    return this.upload(Float32Array.from({ length }, (_, i) => counterUniform(seed, i)));
  }

  dropout(x: GpuBuffer, p: number, seed: number): GpuBuffer {
    if (x.length === 0) return new GpuBuffer(0, null);
    const random = this.uniform(x.length, seed);
    const out = this.run(programs.dropout, x.length, [x, random, p, 1 / (1 - p)]);
    this.free(random);
    return out;
  }
}

const layoutOf = (shape: Shape, views: readonly GpuView[]): number[] =>
  layoutWith(
    shape,
    views.map((view) => broadcastStrides(view.shape, shape)),
  );

/** The lengths of the last five axes and, for each operand, the strides of six. @throws Error if the walk has more */
function layoutWith(shape: Shape, strides: readonly (readonly number[])[]): number[] {
  const walk = collapse(shape, strides);
  const missing = AXES - walk.shape.length;
  if (missing < 0) throw new Error(`Backend 'gpu': an operation that walks ${walk.shape.length} axes; it can ${AXES}.`);
  const front = (values: readonly number[], value: number) => [...new Array<number>(missing).fill(value), ...values];
  return [...front(walk.shape, 1).slice(1), ...walk.strides.flatMap((own) => front(own, 0))];
}

/** The rows of x that are added into each row: those at `order[starts[row]]` and on, `most` at the most. */
function byRow(ids: Int32Array, rows: number): { starts: Float32Array; order: Float32Array; most: number } {
  const counts = new Int32Array(rows);
  for (const id of ids) if (id >= 0) counts[id]++;
  const starts = new Float32Array(rows + 1);
  for (let row = 0; row < rows; row++) starts[row + 1] = starts[row] + counts[row];
  const next = Int32Array.from(starts);
  const order = new Float32Array(Math.max(1, starts[rows]));
  ids.forEach((id, i) => {
    if (id >= 0) order[next[id]++] = i;
  });
  return { starts, order, most: counts.reduce((most, count) => Math.max(most, count), 0) };
}
