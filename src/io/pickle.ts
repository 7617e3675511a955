import { InputError } from '../errors.ts';

/** The name of a class or function in a pickle. Nothing of that name is ever looked up. */
export class PickledGlobal {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** What a pickle may ask for besides plain values. */
export interface PickleRules {
  /** Returns whether a class or function may be named: `torch._utils._rebuild_tensor_v2`. */
  isKnown(name: string): boolean;
  /** The value of a known function with these arguments. @throws InputError for arguments that it does not take */
  call(name: string, args: readonly unknown[]): unknown;
  /** The value that an id stands for. @throws InputError for an id that means nothing */
  persistent(id: unknown): unknown;
}

const MARK = Symbol('mark');

/**
 * Interprets one pickle, of the opcodes of protocol 2 that `torch.save` writes. Lists and tuples become arrays, dictionaries maps.
 * Nothing is executed: a class or function is a name, and the rules say what calling it means.
 *
 * Source: `pickletools.py` of Python. Every opcode pushes at most one value and copies none, so memory follows the size of the pickle.
 * @param label names the file in messages
 * @returns the value, and the place after its end
 * @throws InputError naming an opcode, class or function that is not among them, or what is damaged
 */
export function readPickle(
  bytes: Uint8Array,
  label: string,
  rules: PickleRules,
  start = 0,
): { readonly value: unknown; readonly end: number } {
  const fail = (problem: string) => new InputError(`${label}: ${problem}; download or save the file again.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  let at = start;

  const take = (length: number): number => {
    const begin = at;
    if (length > bytes.length - at) throw fail(`a truncated pickle, it ends at byte ${bytes.length}`);
    at += length;
    return begin;
  };
  const text = (length: number): string => {
    const begin = take(length);
    try {
      return decoder.decode(bytes.subarray(begin, begin + length));
    } catch {
      throw fail(`a damaged pickle, the text at byte ${begin} is no UTF-8`);
    }
  };
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) throw fail(`a truncated pickle, it ends at byte ${bytes.length}`);
    const result = text(end - at);
    at++;
    return result;
  };
  const pop = (): unknown => {
    const value = stack.length > 0 ? stack.pop() : MARK;
    if (value === MARK) throw fail(`a damaged pickle, nothing is there to take at byte ${at - 1}`);
    return value;
  };
  const top = (): unknown => {
    const value = pop();
    stack.push(value);
    return value;
  };
  const popToMark = (): unknown[] => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) throw fail(`a damaged pickle, a list at byte ${at - 1} has no beginning`);
    const values = stack.splice(mark);
    values.shift();
    return values;
  };
  const popTuple = (length: number): void => {
    const values = Array.from({ length }, pop).reverse();
    stack.push(values);
  };
  const setItems = (items: readonly unknown[]): void => {
    const target = top();
    if (!(target instanceof Map) || items.length % 2 !== 0)
      throw fail(`a damaged pickle, no dictionary at byte ${at - 1}`);
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key === 'object' && key !== null)
        throw fail('a dictionary of it has keys that are neither texts nor numbers');
      target.set(key, items[i + 1]);
    }
  };
  const append = (items: readonly unknown[]): void => {
    const target = top();
    if (!Array.isArray(target)) throw fail(`a damaged pickle, no list at byte ${at - 1}`);
    for (const item of items) target.push(item);
  };
  const recall = (index: number): void => {
    if (!memo.has(index)) throw fail(`a damaged pickle, it refers to a value ${index} that it does not have`);
    stack.push(memo.get(index));
  };
  const long = (length: number): void => {
    const begin = take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[begin + i]);
    const signed = length > 0 && bytes[begin + length - 1] & 0x80 ? value - (1n << BigInt(8 * length)) : value;
    const asNumber = Number(signed);
    stack.push(Number.isSafeInteger(asNumber) ? asNumber : signed);
  };
  const global = (): void => {
    const [module, name] = [line(), line()];
    const full = `${module}.${name}`;
    if (!rules.isKnown(full)) {
      throw new InputError(
        `${label}: its pickle asks for ${JSON.stringify(full)}, which is not run, as it is no plain tensor of floats or integers; save tensors alone, best as safetensors.`,
      );
    }
    stack.push(new PickledGlobal(full));
  };
  const reduce = (): void => {
    const args = pop();
    const called = pop();
    if (!(called instanceof PickledGlobal) || !Array.isArray(args))
      throw fail('the pickle calls something that is no function');
    stack.push(rules.call(called.name, args));
  };
  const build = (): void => {
    pop(); // attributes, which change no item
    if (!(top() instanceof Map)) throw fail('the pickle sets attributes of something that is no dictionary');
  };

  const opcodes: Readonly<Record<number, () => void>> = {
    40: () => stack.push(MARK), // ( MARK
    41: () => stack.push([]), // ) EMPTY_TUPLE
    71: () => stack.push(view.getFloat64(take(8))), // G BINFLOAT
    74: () => stack.push(view.getInt32(take(4), true)), // J BININT
    75: () => stack.push(bytes[take(1)]), // K BININT1
    77: () => stack.push(view.getUint16(take(2), true)), // M BININT2
    78: () => stack.push(null), // N NONE
    81: () => stack.push(rules.persistent(pop())), // Q BINPERSID
    82: reduce, // R REDUCE
    88: () => stack.push(text(view.getUint32(take(4), true))), // X BINUNICODE
    93: () => stack.push([]), // ] EMPTY_LIST
    97: () => append([pop()]), // a APPEND
    98: build, // b BUILD
    99: global, // c GLOBAL
    101: () => append(popToMark()), // e APPENDS
    104: () => recall(bytes[take(1)]), // h BINGET
    106: () => recall(view.getUint32(take(4), true)), // j LONG_BINGET
    113: () => memo.set(bytes[take(1)], top()), // q BINPUT
    114: () => memo.set(view.getUint32(take(4), true), top()), // r LONG_BINPUT
    115: () => setItems([pop(), pop()].reverse()), // s SETITEM
    116: () => stack.push(popToMark()), // t TUPLE
    117: () => setItems(popToMark()), // u SETITEMS
    125: () => stack.push(new Map()), // } EMPTY_DICT
    133: () => popTuple(1), // TUPLE1
    134: () => popTuple(2), // TUPLE2
    135: () => popTuple(3), // TUPLE3
    136: () => stack.push(true), // NEWTRUE
    137: () => stack.push(false), // NEWFALSE
    138: () => long(bytes[take(1)]), // LONG1
  };
  const [PROTO, STOP] = [0x80, 0x2e];
  if (bytes[take(1)] !== PROTO) throw fail('no pickle, it does not begin with a protocol');
  const protocol = bytes[take(1)];
  if (protocol !== 2) throw fail(`a pickle of protocol ${protocol}; torch.save writes 2, which is read`);
  for (;;) {
    const opcode = bytes[take(1)];
    if (opcode === STOP) return { value: pop(), end: at };
    const run = opcodes[opcode];
    if (!run)
      throw fail(`its pickle has the opcode 0x${opcode.toString(16)}, which torch.save does not write for tensors`);
    run();
  }
}
