import { InputError } from '../errors.ts';
import type { AttachmentPoints, AttentionPoint, AttentionSite, KeysAndValues } from '../models/index.ts';
import {
  kaimingUniformInit,
  Linear,
  normalInit,
  type Parameter,
  type ParameterPath,
  uniformInit,
} from '../nn/index.ts';
import { indexSelect } from '../ops/gather.ts';
import { concat, slice } from '../ops/layout.ts';
import { tanh } from '../ops/unary.ts';
import { boolean, type ConfigOf, names, option, positiveInteger } from '../settings/index.ts';
import { batchInvariant } from '../tensor/batch-invariant.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type AdapterParts, type AttentionModule, type BuildContext, defineFamily, type HeldPass } from './family.ts';
import { leaveOut } from './leave-out.ts';

/** The options that all prefixes have, with a family's default. */
export const prefixOptions = (defaults: { readonly bottleneck: number }) => ({
  prefixLength: option(positiveInteger, {
    description: 'keys and values in front of those of a sequence',
    placeholder: '<count>',
    default: 30,
  }),
  prefixBottleneck: option(positiveInteger, {
    description: 'inner width of the network that makes them',
    placeholder: '<width>',
    default: defaults.bottleneck,
  }),
  prefixFlat: option(boolean, { description: 'train them themselves, without that network', default: false }),
  prefixShiftsPositions: option(boolean, {
    description: 'positions of a text begin after the prefix, as in PEFT; else at 0, as in AdapterHub',
    default: false,
    isOptional: true,
  }),
  prefixAttentions: option(names, {
    description: 'the attentions that have one: self, in BART also encoder and cross; PEFT has self alone',
    placeholder: '<attentions>',
    default: [],
    defaultText: 'all',
    isOptional: true,
  }),
  leaveOut,
});

export type PrefixConfig = ConfigOf<ReturnType<typeof prefixOptions>>;

/** The rows before the keys and values of all attentions of one stack: [length, 2 · layers · hidden], per layer a key and then a value. */
interface PrefixTable {
  tensor(): Tensor;
  /** How many numbers are computed for it. */
  readonly computed: number;
  /** How many of them derivatives read. */
  readonly inner: number;
  readonly matrices: readonly Parameter[];
}

/** The numbers themselves are trained; N(0, 1) at first. */
function flatTable(path: ParameterPath, length: number, width: number): PrefixTable {
  const rows = path.parameter('control_trans', [length, width], normalInit(1));
  return { tensor: () => rows.tensor(), computed: 0, inner: 0, matrices: [rows] };
}

/** They come from a network, which is easier to train (Li and Liang, 2021): W₂ tanh(W₀ e + b₀) + b₂ of trained rows e. */
function networkTable(
  path: ParameterPath,
  { prefixLength, prefixBottleneck }: PrefixConfig,
  hidden: number,
  width: number,
): PrefixTable {
  const layer = (name: string, inner: number, outer: number) => {
    const init = { weight: kaimingUniformInit, bias: uniformInit(1 / Math.sqrt(inner)) };
    return new Linear(path.at(name), inner, outer, init);
  };
  const rows = path.at('wte').parameter('weight', [prefixLength, hidden], normalInit(1));
  const [down, up] = [
    layer('control_trans.0', hidden, prefixBottleneck),
    layer('control_trans.2', prefixBottleneck, width),
  ];
  return {
    // The same bits in every pass, so that what is ejected is what was computed.
    tensor: () => batchInvariant(() => up.forward(tanh(down.forward(rows.tensor())))),
    computed: prefixLength * (prefixBottleneck + width),
    inner: prefixLength * prefixBottleneck,
    matrices: [rows, down.weight, up.weight],
  };
}

/** Puts the rows of one layer before the keys and the values of every sequence, where every query sees them. */
export class Prefix implements AttentionModule {
  readonly #table: PrefixTable;
  readonly #layer: number;

  constructor(table: PrefixTable, layer: number) {
    this.#table = table;
    this.#layer = layer;
  }

  forward({ key, value, offsets, counts }: KeysAndValues, { pass }: AttentionSite): KeysAndValues {
    const table = pass.once(this.#table, () => this.#table.tensor()); // [length, 2 · layers · hidden]
    const [length, hidden] = [table.shape[0], key.shape[1]];
    const order = Array.from(counts, (_, s) => [
      ...Array.from({ length }, (_, i) => i),
      ...Array.from({ length: offsets[s + 1] - offsets[s] }, (_, i) => length + offsets[s] + i),
    ]).flat();
    const withPrefix = (rows: Tensor, which: 0 | 1) => {
      const start = (2 * this.#layer + which) * hidden;
      return indexSelect(concat([slice(table, [0, start], [length, start + hidden]), rows]), order);
    };
    return {
      key: withPrefix(key, 0),
      value: withPrefix(value, 1),
      offsets: offsets.map((start, s) => start + s * length),
      counts: counts.map((count) => count + length),
    };
  }
}

/** The numbers of the tables of prefixes, and of what is computed for them; those of a flat table are its parameter. */
interface TableSizes {
  readonly smallest: number;
  readonly computed: number;
  /** Of what is computed, that which derivatives read. */
  readonly inner: number;
}

/** How many numbers prefixes of some length make a pass hold, at least; test/training/sizes.test.ts measures them. */
function heldByPass(
  attention: readonly AttentionPoint[],
  length: number,
  { smallest, computed, inner }: TableSizes,
  { sequences, isTrained }: HeldPass,
): number {
  if (attention.length === 0) return 0;
  const last = length * attention[attention.length - 1].hiddenSize;
  const rows = 2 * sequences; // for each sequence, keys and values
  // Slices of the table, and each with the other rows behind it.
  const oneAttention = computed + (4 + rows) * last;
  if (!isTrained) return oneAttention;
  const kept = rows * (length * attention.reduce((sum, { hiddenSize }) => sum + hiddenSize, 0) - last);
  // When the last attention is passed, its gradients; then gradients as large as the table, two and their sum.
  return kept + Math.max(oneAttention, inner + 2 * rows * last, inner + 3 * smallest - 2 * last);
}

/** The attentions that have a prefix. @throws InputError for a stack that the model does not have */
export function prefixedAttentions(
  { attention }: AttachmentPoints,
  { prefixAttentions = [] }: Pick<PrefixConfig, 'prefixAttentions'>,
): readonly AttentionPoint[] {
  if (prefixAttentions.length === 0) return attention;
  const all = [...new Set(attention.map(({ stack }) => stack))];
  const unknown = prefixAttentions.find((stack) => !all.includes(stack));
  if (unknown !== undefined) {
    throw new InputError(`prefix: prefixAttentions names '${unknown}'; this model has ${all.join(', ')}.`);
  }
  return attention.filter(({ stack }) => prefixAttentions.includes(stack));
}

/** Builds an adapter with a prefix before the keys of every attention. The names are AdapterHub's. */
export function prefixesAt(
  { name, points, at }: BuildContext,
  config: PrefixConfig,
): Pick<AdapterParts, 'attention' | 'positions' | 'chains' | 'computed' | 'held' | 'ejected'> {
  const place = at(points.path).at(`prefix_tuning.prefix_tunings.${name}`);
  const attention = prefixedAttentions(points, config);
  const stacks = new Set(attention.map(({ stack }) => stack));
  const modules = new Map<AttentionPoint, Prefix>();
  const tables = new Map<ParameterPath, PrefixTable>();
  const sizes = { smallest: Number.POSITIVE_INFINITY, computed: 0, inner: 0 };
  for (const stack of stacks) {
    const own = attention.filter((point) => point.stack === stack);
    const path = place.at(`${stack}_prefix`);
    const width = 2 * own.reduce((sum, { hiddenSize }) => sum + hiddenSize, 0);
    const table = config.prefixFlat
      ? flatTable(path, config.prefixLength, width)
      : networkTable(path, config, own[0].hiddenSize, width);
    tables.set(path, table);
    sizes.smallest = Math.min(sizes.smallest, config.prefixLength * width);
    sizes.computed += table.computed;
    sizes.inner += table.inner;
    for (const [layer, point] of own.entries()) modules.set(point, new Prefix(table, layer));
  }
  const { positions = [] } = points;
  if (config.prefixShiftsPositions && positions.length === 0) {
    throw new InputError(
      'prefix: positions of this model are distances, which a prefix does not shift; leave --prefix-shifts-positions (prefixShiftsPositions) out.',
    );
  }
  const moved = config.prefixShiftsPositions ? positions.filter(({ stack }) => stacks.has(stack)) : [];
  const shift = { forward: (ids: Int32Array) => ids.map((id) => id + config.prefixLength) };
  const flat = () => new Map(Array.from(tables, ([{ prefix }, table]) => [`${prefix}.control_trans`, table.tensor()]));
  return {
    attention: modules,
    positions: new Map(moved.map((point) => [point, shift])),
    computed: sizes.computed,
    held: (pass) => heldByPass(attention, config.prefixLength, sizes, pass),
    chains: { prefix: Array.from(tables.values(), ({ matrices }) => matrices) },
    ejected: config.prefixFlat ? undefined : () => ({ options: { prefixFlat: true }, values: flat() }),
  };
}

/**
 * Prefix tuning (Li and Liang, 2021): trained keys and values before those of every sequence, in every attention. They are
 * never masked, and shift no position unless `prefixShiftsPositions` says so. The defaults are those of AdapterHub's `PrefixTuningConfig`.
 */
export const prefix = defineFamily({
  kind: 'prefix',
  summary: 'trained keys and values in every attention',
  options: prefixOptions({ bottleneck: 512 }),
  withoutEffect: ({ prefixFlat }) => (prefixFlat ? { prefixBottleneck: 'prefixFlat' } : {}),
  title: ({ prefixLength }) => `prefix ${prefixLength}`,
  build: prefixesAt,
});
