import type { Backend, Buffer, DType, FloatArray, Shape, View } from '../backends/backend.ts';
import { sizeOf } from '../backends/shapes.ts';
import { abandonNode, freedNode, type GraphNode } from './graph.ts';
import { type NestedNumbers, nested } from './nested.ts';
import { collected, collectionIsDue, forgive, leaveBytes, takeBytesBack } from './pressure.ts';
import { printedValues } from './print.ts';
import { currentScope, type Scope } from './scope.ts';
import { formatShape } from './shape.ts';
import { Storage } from './storage.ts';

const collector = new FinalizationRegistry<Storage>((storage) => {
  liveTensors--;
  storage.release();
  collected();
});
let liveTensors = 0;
let nextId = 0;

/** The number of tensors that hold memory. */
export function tensorCount(): number {
  return liveTensors;
}

/** Gives the finalisers of what was collected their turn; they run in no promise's. */
async function afterTurn<T>(value: T): Promise<T> {
  await new Promise<void>((resolve) => {
    (globalThis.setImmediate ?? setTimeout)(resolve);
  });
  return value;
}

/** The implementation of `Tensor.backward`; src/autograd fills it in when it is loaded. */
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
  /** @internal How many recorded derivatives lead through this tensor. */
  holders = 0;
  /** @internal How many of them read its numbers. */
  readers = 0;
  /** @internal True when no function has returned it, so that only derivatives can read it. */
  ownedByGraph = false;
  readonly #storage: Storage;
  #buffer: Buffer | null;
  /** True once its numbers are freed, while derivatives lead through it. */
  #isPlace = false;
  readonly #isVariable: boolean;
  /** Bytes for which it was counted with the tensors that the garbage collector is to free. */
  #counted = 0;
  #kept = false;
  /** See `pressure.ts`. */
  #ballast: ArrayBuffer | null = null;

  private constructor(storage: Storage, buffer: Buffer, shape: Shape, isVariable: boolean) {
    storage.retain();
    this.#storage = storage;
    this.#buffer = buffer;
    this.shape = shape;
    this.#isVariable = isVariable;
    liveTensors++;
    const scope = currentScope();
    if (scope) scope.add(this);
    else this.leaveToCollector();
  }

  /** @internal Takes ownership of `buffer`. */
  static fromBuffer(backend: Backend, buffer: Buffer, shape: Shape, requiresGrad = false): Tensor {
    return new Tensor(new Storage(backend, buffer), buffer, shape, requiresGrad);
  }

  /** @internal The same numbers as a new tensor outside the graph, without a copy. @throws RangeError for a shape of another size */
  leafView(shape: Shape = this.shape, requiresGrad = false): Tensor {
    if (shape !== this.shape && sizeOf(shape) !== this.size) {
      throw new RangeError(`Shape ${formatShape(this.shape)} cannot be read as ${formatShape(shape)}.`);
    }
    if (requiresGrad && this.#buffer?.opaque) throw this.#cannotBeRead();
    return new Tensor(this.#storage, this.#alive(), shape, requiresGrad);
  }

  /**
   * @internal Frees this tensor and gives its numbers to a new leaf that shares its memory with no other tensor, so that they may
   * be overwritten: other views keep this memory and its numbers, and a graph recorded with this tensor fails.
   */
  renew(): Tensor {
    const { backend, operand, shape } = this;
    const fresh = this.#storage.isShared
      ? Tensor.fromBuffer(backend, backend.broadcast(operand, shape), shape, this.#isVariable)
      : this.leafView(shape, this.#isVariable);
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
    return this.#buffer === null && !this.#isPlace;
  }

  /** @internal What primitives read. @throws Error if the tensor was freed, and for one that holds no floats */
  get operand(): View {
    const buffer = this.#alive();
    if (buffer.opaque) throw this.#cannotBeRead();
    return { buffer, shape: this.shape };
  }

  /** @internal Whether this is a frozen weight in 8 bits, which only `linear` reads. */
  get isInt8(): boolean {
    return this.#buffer?.opaque === 'int8';
  }

  /** @internal What special kernels read of a weight in 8 bits, or of the places of a sparse matrix. @throws Error if the tensor was freed */
  get opaqueBuffer(): Buffer {
    return this.#alive();
  }

  #alive(): Buffer {
    if (!this.#buffer) throw this.#wasFreed();
    return this.#buffer;
  }

  #cannotBeRead(): Error {
    if (!this.isInt8)
      return new Error('The places of a sparse matrix are no numbers; read them by SparsePattern.mask().');
    return new Error(
      `The weight ${formatShape(this.shape)} is held in 8 bits, for products with activations alone; hold the backbone in float32 ` +
        'to read, change, merge or train it.',
    );
  }

  /** @internal @throws Error if the tensor was freed */
  assertAlive(): void {
    if (this.isDisposed) throw this.#wasFreed();
  }

  #wasFreed(): Error {
    return new Error(
      `Tensor ${formatShape(this.shape)} was freed, by dispose(), by the end of its tidy() scope or by a backward pass. ` +
        'Return it from the scope, keep() it, or use retainGraph: true.',
    );
  }

  /** A copy of the values, row-major. */
  data(): Promise<FloatArray> {
    const values = this.backend.read(this.operand.buffer);
    return collectionIsDue() ? values.then(afterTurn) : values;
  }

  /** A copy of the values at once. @throws Error on a backend that can only read asynchronously */
  dataSync(): FloatArray {
    return this.#readSync('dataSync', 'data()');
  }

  /** A copy of the values as nested arrays, one level for each axis; of a scalar the number. */
  async array(): Promise<NestedNumbers> {
    return nested(await this.data(), this.shape);
  }

  /** The same at once. @throws Error on a backend that can only read asynchronously */
  arraySync(): NestedNumbers {
    return nested(this.#readSync('arraySync', 'array()'), this.shape);
  }

  /** The value of a tensor with one element. @throws Error on a backend that can only read asynchronously */
  item(): number {
    if (this.size !== 1)
      throw new Error(`item: it needs one element, this tensor has the shape ${formatShape(this.shape)}.`);
    return this.#readSync('item', 'data()')[0];
  }

  #readSync(method: string, instead: string): FloatArray {
    const { backend } = this;
    if (!backend.readSync) {
      throw new Error(`${method}: the backend '${backend.name}' cannot read at once; use await x.${instead}.`);
    }
    return backend.readSync(this.operand.buffer);
  }

  /** The same values as a constant: no gradient flows through it. Shares the memory. */
  detach(): Tensor {
    return this.leafView();
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
    if (this.isDisposed) return;
    if (this.#isPlace) this.#isPlace = false;
    else this.#release();
    this.scope?.remove(this);
    const { node } = this;
    if (!node) return;
    this.node = freedNode;
    abandonNode(node);
  }

  /** @internal Frees the memory of a tensor that derivatives lead through, but whose numbers none of them reads. */
  freeNumbers(): void {
    if (!this.#buffer) return;
    this.#release();
    this.#isPlace = true;
  }

  #release(): void {
    this.#buffer = null;
    liveTensors--;
    if (!this.scope) this.#takeFromCollector();
    this.#storage.release();
  }

  /** @internal Without a scope the garbage collector is the owner. */
  leaveToCollector(): void {
    if (!this.#buffer) return;
    const storage = this.#storage;
    collector.register(this, storage, this);
    if (storage.counted) return;
    storage.counted = true;
    this.#counted = storage.bytes;
    this.#ballast = leaveBytes(storage.bytes);
  }

  /** @internal Says that the program means to keep a tensor that it has left to the garbage collector. */
  stay(): void {
    if (this.#kept) return;
    this.#kept = true;
    if (this.#counted > 0) forgive(this.#counted);
  }

  #takeFromCollector(): void {
    collector.unregister(this);
    if (this.#counted === 0) return;
    takeBytesBack(this.#counted, this.#ballast);
    this.#storage.counted = false;
    this.#ballast = null;
  }

  /**
   * The shape and the values, those of a large tensor shortened; a backend that cannot read at once has a hint in their place.
   * `console.log` shows the same.
   */
  toString(): string {
    const title = `Tensor ${formatShape(this.shape)} (${this.dtype}, ${this.backend.name}${this.requiresGrad ? ', requiresGrad' : ''})`;
    if (!this.#buffer) return `${title}: freed`;
    if (this.#buffer.opaque) return `${title}: ${this.isInt8 ? 'held in 8 bits' : 'places of a sparse matrix'}`;
    if (!this.backend.readSync) return `${title}: its values are read by await x.data()`;
    const values = printedValues(this.backend.readSync(this.#buffer), this.shape);
    return `${title}${values.includes('\n') ? '\n' : ' '}${values}`;
  }

  /** What `JSON.stringify` writes: a summary without the values, which are in `await x.array()`. */
  toJSON(): { readonly shape: Shape; readonly dtype: DType } {
    return { shape: this.shape, dtype: this.dtype };
  }
}

/** The methods that Node.js and Bun, and Deno, call for the text of `console.log`. */
for (const name of ['nodejs.util.inspect.custom', 'Deno.customInspect']) {
  Object.defineProperty(Tensor.prototype, Symbol.for(name), { value: Tensor.prototype.toString });
}
