import type { Random } from '../../src/random/index.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Values at which readers break: extremes, other types, names of prototypes, and texts that mean something. */
const extremes: readonly (() => Json)[] = [
  ...[null, true, false, 0, -0, -1, 0.5, 1, 2, 1e9, 1e15, 1e308, -1e308, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 5e-324],
  ...[
    '',
    ' ',
    'x',
    '0',
    '1',
    'true',
    'null',
    'NaN',
    '[PAD]',
    '../../x',
    '\u0000\u001b[31m',
    '\ud800',
    'é',
    '__proto__',
  ],
  ...[
    'constructor',
    'toString',
    'Sequence',
    'BPE',
    'Unigram',
    'lora',
    'full',
    'grasp',
    '(',
    '[a-',
    '^(a+)+$',
    '\\p{L}',
  ],
].map((value) => (): Json => value);
const containers: readonly (() => Json)[] = [
  () => [],
  () => ({}),
  () => [[]],
  () => [null],
  () => ({ '': null }),
  () => ({ length: 3 }),
  () => JSON.parse('{"__proto__": {"a": 1}, "constructor": 1}'),
  () => Array.from({ length: 1000 }, (_, i) => i),
  () => 'x'.repeat(10_000),
  () => JSON.parse(`${'['.repeat(2000)}${']'.repeat(2000)}`),
];
const choices = [...extremes, ...containers];

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random.uniform() * items.length)];
const isObject = (value: Json): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A place in a value: what holds it, and under which key. */
interface Place {
  readonly owner: Json[] | { [key: string]: Json };
  readonly key: string | number;
}

/** Walks down at random, so that places near the root are as likely as those in long lists. */
function place(random: Random, root: { value: Json }): Place {
  let at: Place = { owner: root as unknown as { [key: string]: Json }, key: 'value' };
  for (;;) {
    const value = (at.owner as { [key: string]: Json })[at.key];
    const keys = Array.isArray(value) ? [...value.keys()] : isObject(value) ? Object.keys(value) : [];
    if (keys.length === 0 || random.uniform() < 0.2) return at;
    at = { owner: value as Place['owner'], key: pick<string | number>(random, keys) };
  }
}

function set({ owner, key }: Place, value: Json): void {
  Object.defineProperty(owner, key, { value, enumerable: true, configurable: true, writable: true });
}

/** A value of the same type, but another one. */
function varied(random: Random, value: Json): Json {
  if (typeof value === 'number') return pick(random, [value + 1, value - 1, -value, value * 1e6, value / 3, 0]);
  if (typeof value === 'string') return pick(random, [`${value}x`, value.slice(1), value.toUpperCase(), '']);
  if (typeof value === 'boolean') return !value;
  if (Array.isArray(value)) return pick(random, [value.slice(1), [...value, ...value], value.toReversed()]);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).reverse());
  return 0;
}

function changeOnce(random: Random, root: { value: Json }): void {
  const at = place(random, root);
  const value = (at.owner as { [key: string]: Json })[at.key];
  const { owner } = at;
  const kind = random.uniform();
  if (kind < 0.2) {
    if (Array.isArray(owner)) owner.splice(Number(at.key), 1);
    else if (owner !== (root as unknown)) delete owner[at.key];
  } else if (kind < 0.3) {
    if (Array.isArray(owner)) owner.push(structuredClone(value));
    else if (owner !== (root as unknown)) set({ owner, key: `${at.key}${pick(random, ['', '2', 's', ' '])}` }, value);
  } else if (kind < 0.4) {
    const other = place(random, root);
    set(at, structuredClone((other.owner as { [key: string]: Json })[other.key]));
  } else if (kind < 0.6) {
    set(at, varied(random, value));
  } else {
    set(at, pick(random, choices)());
  }
}

/** The bytes with some of them changed, taken out, doubled or cut off. */
function changedBytes(random: Random, bytes: Uint8Array): Uint8Array {
  let changed = Uint8Array.from(bytes);
  const times = 1 + Math.floor(random.uniform() * 4);
  for (let i = 0; i < times; i++) {
    const at = Math.floor(random.uniform() * changed.length);
    const length = Math.floor(random.uniform() ** 3 * 64) + 1;
    const kind = random.uniform();
    if (kind < 0.3) changed[at] ^= 1 << Math.floor(random.uniform() * 8);
    else if (kind < 0.5) changed[at] = pick(random, [0, 1, 0x7f, 0x80, 0xff, 0x22, 0x2c, 0x0a, 0x7b, 0x5b]);
    else if (kind < 0.6) changed = changed.slice(0, at);
    else if (kind < 0.75) changed = Uint8Array.from([...changed.slice(0, at), ...changed.slice(at + length)]);
    else if (kind < 0.9) {
      const part = changed.slice(at, at + length);
      changed = Uint8Array.from([...changed.slice(0, at), ...part, ...changed.slice(at)]);
    } else changed.fill(pick(random, [0, 0xff, 0x20]), at, at + length);
  }
  return changed;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A seed with some changes; of JSON mostly of its structure, and then of its bytes. */
export function mutated(random: Random, kind: 'json' | 'bytes', seed: Uint8Array | string): Uint8Array {
  const bytes = typeof seed === 'string' ? encode(seed) : seed;
  if (kind === 'bytes' || random.uniform() < 0.15) return changedBytes(random, bytes);
  const root: { value: Json } = { value: JSON.parse(new TextDecoder().decode(bytes)) };
  const times = 1 + Math.floor(random.uniform() ** 2 * 4);
  for (let i = 0; i < times; i++) changeOnce(random, root);
  return encode(JSON.stringify(root.value) ?? 'null');
}
