import type { Backend, Buffer, DType, FloatArray, Shape, View } from '../backends/backend.ts';
import { sizeOf } from '../backends/shapes.ts';
import { freedNode, type GraphNode } from './graph.ts';
import { currentScope, type Scope } from './scope.ts';
import { formatShape } from './shape.ts';

/** A buffer and the number of tensors that look at it. */
class Storage {
  readonly backend: Backend;
  readonly buffer: Buffer;
  #users = 0;

  constructor(backend: Backend, buffer: Buffer) {
    this.backend = backend;
    this.buffer = buffer;
  }

  retain(): void {
    this.#users++;
  }

  get isShared(): boolean {
    return this.#users > 1;
  }

  release(): void {
    if (--this.#users === 0) this.backend.free(this.buffer);
  }
}

const collector = new FinalizationRegistry<Storage>((storage) => {
  liveTensors--;
  storage.release();
});
let liveTensors = 0;
let nextId = 0;

/** The number of tensors that hold memory. */
export function tensorCount(): number {
  return liveTensors;
}

/** What `Tensor.backward` does; src/autograd fills it in when it is loaded. */
export const autogradHook: { backward: ((output: Tensor, gradOutput?: Tensor) => void) | null } = { backward: null };

/**
 * An immutable array of floats on a backend, row-major and contiguous, and its place in the graph of derivatives.
 *
 * Inside `tidy` a tensor is freed when the scope ends; outside, when `dispose()` is called or the tensor is garbage.
 */
export class Tensor {
  /** Grows with every tensor made, so an operation's output has a higher id than its inputs. */
  readonly id = nextId++;
  readonly shape: Shape;
  /** The gradient left by `backward()`, on leaves only. */
  grad: Tensor | null = null;

  /** @internal How the tensor was computed, if a derivative may be asked for. */
  node: GraphNode | null = null;
  /** @internal The `tidy` scope that will free it. */
  scope: Scope | null = null;
  /** @internal True when a recorded derivative reads this tensor. */
  captured = false;
  readonly #storage: Storage;
  readonly #isVariable: boolean;
  #disposed = false;

  private constructor(storage: Storage, shape: Shape, isVariable: boolean) {
    storage.retain();
    this.#storage = storage;
    this.shape = shape;
    this.#isVariable = isVariable;
    liveTensors++;
    const scope = currentScope();
    if (scope) scope.add(this);
    else this.leaveToCollector();
  }

  /** @internal Takes ownership of `buffer`. */
  static fromBuffer(backend: Backend, buffer: Buffer, shape: Shape, requiresGrad = false): Tensor {
    return new Tensor(new Storage(backend, buffer), shape, requiresGrad);
  }

  /** @internal The same numbers as a new tensor outside the graph, without a copy. */
  view(shape: Shape = this.shape, requiresGrad = false): Tensor {
    this.assertAlive();
    return new Tensor(this.#storage, shape, requiresGrad);
  }

  /**
   * @internal Frees this tensor and gives its numbers to a new leaf that shares its memory with no other tensor, so that they may
   * be overwritten: other views keep this memory and its numbers, and a graph recorded with this tensor fails.
   */
  renew(): Tensor {
    const { backend, operand, shape } = this;
    const fresh = this.#storage.isShared
      ? Tensor.fromBuffer(backend, backend.broadcast(operand, shape), shape, this.#isVariable)
      : this.view(shape, this.#isVariable);
    this.dispose();
    return fresh;
  }

  /** True for a leaf that gradients are asked for and for everything computed from one. */
  get requiresGrad(): boolean {
    return this.#isVariable || this.node !== null;
  }

  get backend(): Backend {
    return this.#storage.backend;
  }

  get dtype(): DType {
    return this.#storage.backend.dtype;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  get rank(): number {
    return this.shape.length;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** @internal What primitives read. @throws Error if the tensor was freed */
  get operand(): View {
    this.assertAlive();
    return { buffer: this.#storage.buffer, shape: this.shape };
  }

  /** @internal @throws Error if the tensor was freed */
  assertAlive(): void {
    if (this.#disposed) {
      throw new Error(
        `Tensor ${formatShape(this.shape)} was freed, by dispose(), by the end of its tidy() scope or by a backward pass. ` +
          'Return it from the scope, keep() it, or use retainGraph: true.',
      );
    }
  }

  /** A copy of the values, row-major. */
  data(): Promise<FloatArray> {
    return this.backend.read(this.operand.buffer);
  }

  /** A copy of the values at once. @throws Error on a backend that can only read asynchronously */
  dataSync(): FloatArray {
    if (!this.backend.readSync)
      throw new Error(`Backend '${this.backend.name}' cannot read at once; use await data().`);
    return this.backend.readSync(this.operand.buffer);
  }

  /** The value of a tensor with one element. */
  item(): number {
    if (this.size !== 1) throw new Error(`item() needs one element, this tensor has shape ${formatShape(this.shape)}.`);
    return this.dataSync()[0];
  }

  /** The same values as a constant: no gradient flows through it. Shares the memory. */
  detach(): Tensor {
    return this.view();
  }

  /**
   * Adds d(this)/d(leaf) to `leaf.grad` for every leaf that requires a gradient: a thin wrapper of `grad`.
   * `gradOutput` (same shape) weights the elements; it may be left out for a tensor with one element.
   */
  backward(gradOutput?: Tensor): void {
    if (!autogradHook.backward) throw new Error("Tensor.backward() needs the engine: import it from 'sparse-adapter'.");
    autogradHook.backward(this, gradOutput);
  }

  /** Frees the memory, unless another view shares it. A second call does nothing. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    liveTensors--;
    collector.unregister(this);
    this.scope?.remove(this);
    if (this.node) this.node = freedNode;
    this.#storage.release();
  }

  /** @internal Without a scope the garbage collector is the owner. */
  leaveToCollector(): void {
    collector.register(this, this.#storage, this);
  }

  toString(): string {
    return `Tensor(${formatShape(this.shape)}, ${this.dtype}, ${this.backend.name})`;
  }
}
