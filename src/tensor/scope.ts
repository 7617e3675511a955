import type { Tensor } from './tensor.ts';

/** The tensors made while one `tidy` call runs. */
export class Scope {
  readonly parent: Scope | null;
  readonly tensors = new Set<Tensor>();

  constructor(parent: Scope | null) {
    this.parent = parent;
  }

  add(tensor: Tensor): void {
    this.tensors.add(tensor);
    tensor.scope = this;
  }

  remove(tensor: Tensor): void {
    this.tensors.delete(tensor);
    tensor.scope = null;
  }

  /** Hands `tensor` to the enclosing scope, or to the garbage collector when there is none. */
  promote(tensor: Tensor): void {
    this.remove(tensor);
    if (this.parent) this.parent.add(tensor);
    else tensor.leaveToCollector();
  }
}

let current: Scope | null = null;

export function currentScope(): Scope | null {
  return current;
}

/** The name of the field in which an object of a class of its own has the tensor that it lives by. */
export const livesBy: unique symbol = Symbol('livesBy');

/** A tensor, or arrays and plain objects of them. */
function* tensorsIn(value: unknown): Generator<Tensor> {
  if (isTensor(value)) yield value;
  else if (value !== null && typeof value === 'object' && livesBy in value) yield* tensorsIn(value[livesBy]);
  else if (Array.isArray(value)) for (const item of value) yield* tensorsIn(item);
  else if (value instanceof Map) yield* tensorsIn([...value.values()]);
  else if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) yield* tensorsIn(item);
  }
}

function isTensor(value: unknown): value is Tensor {
  return value !== null && typeof value === 'object' && 'leaveToCollector' in value;
}

/**
 * Runs `fn` and frees every tensor made inside, except
 * - those in its result (a tensor, or an array, Map or plain object of tensors), which pass to the enclosing scope;
 * - those that a recorded derivative still needs, which pass to the enclosing scope if there is one and are freed by the
 *   backward pass that needs them last; of those that it only leads through, and does not read, the memory is freed now;
 * - those given to {@link keep}.
 *
 * @throws TypeError if `fn` is no function
 * @throws Error if `fn` returns a promise: what an asynchronous function makes after its first `await` cannot be told apart
 * from what others make
 */
export function tidy<T>(fn: () => T): T {
  if (typeof fn !== 'function') throw new TypeError(`tidy: fn must be a function, not ${typeof fn}.`);
  return inScope(fn, (tensor, scope) => tensor.holders > 0 && scope.parent !== null);
}

/** @internal {@link tidy} for a function that differentiates what it records itself: frees also what that derivative needed. */
export function tidyGraph<T>(fn: () => T): T {
  return inScope(fn, () => false);
}

function inScope<T>(fn: () => T, survives: (tensor: Tensor, scope: Scope) => boolean): T {
  const scope = new Scope(current);
  current = scope;
  let result: T | undefined;
  try {
    result = fn();
    if (result instanceof Promise)
      throw new Error('tidy() needs a synchronous function: await outside, compute inside.');
    for (const tensor of tensorsIn(result)) {
      tensor.ownedByGraph = false;
      if (tensor.scope === scope) scope.promote(tensor);
    }
    return result;
  } finally {
    current = scope.parent;
    // The last one first: what a freed tensor was computed from may be needed no more.
    for (const tensor of [...scope.tensors].reverse()) {
      if (survives(tensor, scope)) {
        tensor.ownedByGraph = true;
        if (tensor.readers === 0) tensor.freeNumbers();
        scope.promote(tensor);
      } else {
        tensor.dispose();
      }
    }
  }
}

/**
 * @internal {@link tidy} for the inside of a function of tensors: also where there is no scope around it, what a recorded derivative
 * still needs lives on.
 */
export function tidyInside<T>(fn: () => T): T {
  return inScope(fn, (tensor) => tensor.holders > 0);
}

/** Takes a tensor out of its scope: it lives until `dispose()` or until it is garbage. @returns the same tensor @throws TypeError for what is none */
export function keep(tensor: Tensor): Tensor {
  if (!isTensor(tensor)) throw new TypeError('keep: tensor must be a tensor; of several, keep each.');
  tensor.ownedByGraph = false;
  if (tensor.scope) {
    tensor.scope.remove(tensor);
    tensor.leaveToCollector();
  }
  tensor.stay();
  return tensor;
}

/** @internal Runs `fn` so that what it makes belongs to `scope`, which encloses the current one, or to none. */
export function makeIn<T>(scope: Scope | null, fn: () => T): T {
  const inner = current;
  current = scope;
  try {
    return fn();
  } finally {
    current = inner;
  }
}
