import { type AdapterSettings, completeSettings, configOf, lora, loraSizes } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { Random } from '../random/index.ts';
import { shown } from '../settings/index.ts';
import {
  type Combination,
  combinations,
  combined,
  electsSign,
  type MajoritySign,
  majoritySigns,
  needsDensity,
  randomMask,
} from './merge-tensors.ts';
import { loraModules } from './modules.ts';
import { PLACE, type Weight } from './portable.ts';
import { type Matrix, product, type Truncated, truncated, truncatedProduct } from './small-svd.ts';

/**
 * Ways to merge LoRA adapters, with PEFT's names. `cat` and `svd` are exact but for the rank: the change of the result is the weighted sum
 * of the changes. The others combine A and B by themselves, or the changes before they are cut to a rank (`_svd`).
 */
export const mergeMethods = [
  'linear',
  'cat',
  'svd',
  ...(['ties', 'magnitude_prune', 'dare_linear', 'dare_ties'] as const).flatMap(
    (name) => [name, `${name}_svd`] as const,
  ),
] as const;
export type MergeMethod = (typeof mergeMethods)[number];

/** An adapter that is merged. */
export interface MergedPart {
  /** Its name in messages. */
  readonly label: string;
  readonly settings: AdapterSettings;
  /** In our names with `*` for the adapter; others than those of LoRA are passed over. */
  readonly weights: readonly Weight[];
}

export interface MergeOptions {
  /** Default `linear`. */
  readonly method?: MergeMethod;
  /** A number for each adapter. Default: one part of each, 1 / their number. */
  readonly weights?: readonly number[];
  /** The rank of what the methods with `svd` make. Default: the largest of the adapters. */
  readonly svdRank?: number;
  /** The part of the entries that the methods keep that prune. */
  readonly density?: number;
  /** How the methods with `ties` elect the sign of an entry. Default `total`. */
  readonly majoritySign?: MajoritySign;
  /** The seed of what the methods with `dare` keep. Default 42. */
  readonly seed?: number;
  /** The entries that the methods with `dare` keep instead of a random choice, 1 for each. */
  readonly kept?: (part: 'lora_A' | 'lora_B' | 'delta', adapter: number, layer: string) => ArrayLike<number>;
}

/** The factors of a layer in one of the adapters. */
interface Factors {
  readonly adapter: number;
  /** [rank, in] */
  readonly a: Matrix;
  /** [out, rank] */
  readonly b: Matrix;
  readonly scale: number;
  readonly isMasked: boolean;
}

/** A and B of the merged layer, whose scale is 1. */
interface MergedLayer {
  readonly a: Matrix;
  readonly b: Matrix;
}

/** @throws InputError for options that are wrong, and for those without effect */
function checkedOptions(count: number, given: MergeOptions) {
  const { method = 'linear', weights = Array.from({ length: count }, () => 1 / count), density, svdRank } = given;
  const fail = (problem: string) => new InputError(`merge: ${problem}.`);
  if (!mergeMethods.includes(method)) {
    throw fail(`--method (method) ${shown(method)} is not known; there are ${mergeMethods.join(', ')}`);
  }
  if (weights.length !== count || !weights.every(Number.isFinite)) {
    throw fail(`--weights (weights) must be ${count} numbers, one for each adapter, not ${shown(weights)}`);
  }
  if (needsDensity(method) && !(density !== undefined && density > 0 && density <= 1)) {
    throw fail(`${method} needs --density (density), the part of the entries that is kept, above 0 and up to 1`);
  }
  if (!needsDensity(method) && density !== undefined) {
    throw fail(`--density (density) has no effect with ${method}`);
  }
  if (svdRank !== undefined && !(Number.isSafeInteger(svdRank) && svdRank > 0)) {
    throw fail(`--svd-rank (svdRank) must be a whole number above 0, not ${shown(svdRank)}`);
  }
  if (svdRank !== undefined && !method.endsWith('svd')) {
    throw fail(`--svd-rank (svdRank) has no effect with ${method}`);
  }
  const { majoritySign = 'total' } = given;
  if (!majoritySigns.includes(majoritySign)) {
    throw fail(`--majority-sign (majoritySign) ${shown(majoritySign)} is not one of ${majoritySigns.join(', ')}`);
  }
  if (given.majoritySign !== undefined && !electsSign(method)) {
    throw fail(`--majority-sign (majoritySign) has no effect with ${method}`);
  }
  const { seed = 42, kept } = given;
  return { method, weights, density: density ?? 1, svdRank, majoritySign, seed, kept };
}

type Checked = ReturnType<typeof checkedOptions>;

/** @throws InputError for an adapter that is no plain LoRA */
function checkPart({ label, settings, weights }: MergedPart): void {
  const { kind, dora, loraBias, bias = 'none', modulesToSave } = settings;
  const named =
    kind !== 'lora'
      ? `a ${kind} adapter`
      : dora
        ? 'LoRA with DoRA'
        : loraBias
          ? 'LoRA with a bias (loraBias)'
          : bias !== 'none'
            ? 'LoRA with trained biases (bias)'
            : modulesToSave
              ? 'LoRA with modules that are trained whole (modulesToSave)'
              : weights.some(({ name }) => name.includes('.lora_embedding_'))
                ? 'LoRA on a table of embeddings'
                : null;
  if (named) throw new InputError(`${label} is ${named}; only adapters of plain LoRA are merged with others.`);
}

const matrixOf = ({ shape: [rows, columns], values }: Weight): Matrix => ({
  rows,
  columns,
  values: Float64Array.from(values),
});

/** The factors of a layer in the adapters that have it. @throws InputError for a layer of another size */
function factorsOf(parts: readonly MergedPart[], layer: string): Factors[] {
  const all = parts.flatMap(({ label, settings, weights }, adapter): Factors[] => {
    const [first, second] = ['lora_A', 'lora_B'].map((part) =>
      weights.find(({ name }) => name === `${layer}.${part}.${PLACE}.weight`),
    );
    if (!first || !second) return [];
    const { rank, scale } = loraSizes(configOf(settings) as Parameters<typeof loraSizes>[0], layer);
    const [a, b] = [matrixOf(first), matrixOf(second)];
    if (a.rows !== rank || b.columns !== rank) {
      throw new InputError(`${label}: the tensors of ${layer} have another rank than ${rank}, that of the settings.`);
    }
    return [{ adapter, a, b, scale, isMasked: first.masked === true && second.masked === true }];
  });
  const other = all.find(({ a, b }) => a.columns !== all[0].a.columns || b.rows !== all[0].b.rows);
  if (other) {
    const sizes = [all[0], other].map(({ adapter, a, b }) => `[${b.rows}, ${a.columns}] in ${parts[adapter].label}`);
    throw new InputError(`${layer} is ${sizes.join(', but ')}; adapters of one backbone are merged.`);
  }
  return all;
}

const scaled = ({ values, ...matrix }: Matrix, factor: number): Matrix => ({
  ...matrix,
  values: values.map((x) => x * factor),
});

/** The factors below each other, and beside each other: their product is the weighted sum of the changes. */
function concatenated(factors: readonly Factors[], weights: readonly number[]): MergedLayer {
  const rank = factors.reduce((sum, { a }) => sum + a.rows, 0);
  const [{ a, b }] = factors;
  const rows = factors.flatMap((own) => [...scaled(own.a, weights[own.adapter] * own.scale).values]);
  const columns = new Float64Array(b.rows * rank);
  let start = 0;
  for (const own of factors) {
    for (let i = 0; i < b.rows; i++) {
      columns.set(own.b.values.subarray(i * own.b.columns, (i + 1) * own.b.columns), i * rank + start);
    }
    start += own.b.columns;
  }
  return {
    a: { rows: rank, columns: a.columns, values: Float64Array.from(rows) },
    b: { rows: b.rows, columns: rank, values: columns },
  };
}

const fromTruncated = ({ left, right }: Truncated): MergedLayer => ({ a: right, b: left });

/** Merges one layer. @throws InputError for ranks that differ where they must not */
function mergedLayer(layer: string, factors: readonly Factors[], options: Checked, parts: readonly MergedPart[]) {
  const { method, weights } = options;
  if (method === 'cat') return concatenated(factors, weights);
  const keptOf = (part: 'lora_A' | 'lora_B' | 'delta', length: number) => (i: number) => {
    const { adapter } = factors[i];
    if (options.kept) return options.kept(part, adapter, layer);
    return randomMask(new Random(`${options.seed} ${part} ${adapter} ${layer}`), length, options.density);
  };
  const all = (part: 'lora_A' | 'lora_B' | 'delta', tensors: readonly Matrix[], by: readonly number[]): Matrix => {
    const combination = combinations.find((name) => name === method.replace(/_?svd$/, '')) as Combination;
    const values = tensors.map((matrix) => matrix.values);
    const kept = keptOf(part, values[0].length);
    return { ...tensors[0], values: combined(combination, values, by, { ...options, kept }) };
  };
  const own = factors.map(({ adapter }) => weights[adapter]);
  if (method.endsWith('svd')) {
    const [{ a, b }] = factors;
    const wanted = options.svdRank ?? Math.max(...factors.map((factor) => factor.a.rows));
    const rank = Math.min(wanted, a.columns, b.rows);
    if (method === 'svd') {
      const sum = concatenated(factors, weights);
      return fromTruncated(truncatedProduct(sum.b, sum.a, rank));
    }
    const changes = factors.map((factor) => scaled(product(factor.b, factor.a), factor.scale));
    return fromTruncated(truncated(all('delta', changes, own), rank));
  }
  const odd = factors.find(({ a }) => a.rows !== factors[0].a.rows);
  if (odd) {
    const ranks = [factors[0], odd].map(({ adapter, a }) => `${a.rows} in ${parts[adapter].label}`);
    throw new InputError(
      `${layer} has the rank ${ranks.join(' and ')}, which ${method} cannot merge; use --method (method) cat or svd.`,
    );
  }
  const products = factors.map(({ scale }, i) => own[i] * scale);
  const roots = products.map((x) => Math.sqrt(Math.abs(x)));
  return {
    a: all(
      'lora_A',
      factors.map(({ a }) => a),
      roots.map((root, i) => Math.sign(products[i]) * root),
    ),
    b: all(
      'lora_B',
      factors.map(({ b }) => b),
      roots,
    ),
  };
}

const weightOf = (name: string, { rows, columns, values }: Matrix, masked: boolean): Weight => ({
  name,
  shape: [rows, columns],
  values: Float32Array.from(values),
  masked,
});

/** The settings of an adapter with these ranks and the scale 1. */
function mergedSettings(parts: readonly MergedPart[], ranks: ReadonlyMap<string, number>): AdapterSettings {
  const counts = new Map<number, number>();
  for (const rank of ranks.values()) counts.set(rank, (counts.get(rank) ?? 0) + 1);
  const [rank] = [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most));
  const others = Array.from(ranks, ([layer, own]) => (own === rank ? [] : [`${layer}=${own}`])).flat();
  const [{ targetModules: first }] = parts.map(({ settings }) => settings);
  const isSame = parts.every(
    ({ settings }) => String(settings.targetModules) === String(first) && settings.leaveOut === undefined,
  );
  return completeSettings({
    kind: lora.kind,
    rank,
    alpha: rank,
    ...(others.length > 0 && { rankPattern: others, alphaPattern: others }),
    targetModules: isSame ? first : [...ranks.keys()],
  });
}

/**
 * Merges LoRA adapters of one backbone to one, as PEFT's `add_weighted_adapter` does. With s = alpha / rank of an adapter and w its weight:
 * - `linear`: A is the sum of sign(w s) √|w s| A, and B that of √|w s| B, so that the change is not the sum of the changes
 * - `cat`: the ranks add up, and the change is the sum of w s B A
 * - `svd`: that sum, cut to a rank by its singular values
 * - `magnitude_prune`: as linear, of the entries of largest magnitude (the part `density` of each tensor)
 * - `ties`: the same entries, of which those with the elected sign are added and divided by their number (Yadav et al., 2023)
 * - `dare_linear`, `dare_ties`: random entries, divided by the density (Yu et al., 2024), instead of the largest
 * - with `_svd`: the same with the changes s B A instead of A and B, cut to a rank
 *
 * A layer that some adapters lack is merged of the others. Where all adapters of a layer are pruned, zeros of the result are pruned
 * weights: those that all have pruned, but for `svd`, whose matrices are dense.
 *
 * @throws InputError naming the adapter that is no plain LoRA, a layer whose size or rank differs, and options that are wrong
 */
export function mergeLora(
  parts: readonly MergedPart[],
  options: MergeOptions = {},
): { readonly settings: AdapterSettings; readonly weights: readonly Weight[] } {
  if (parts.length === 0) throw new InputError('merge: there is no adapter to merge; name one or more.');
  const checked = checkedOptions(parts.length, options);
  for (const part of parts) checkPart(part);
  const layers = [...new Set(parts.flatMap(({ weights }) => loraModules(weights)))];
  const ranks = new Map<string, number>();
  const weights = layers.flatMap((layer) => {
    const factors = factorsOf(parts, layer);
    const { a, b } = mergedLayer(layer, factors, checked, parts);
    ranks.set(layer, a.rows);
    const isMasked = !checked.method.endsWith('svd') && factors.every((factor) => factor.isMasked);
    return [
      weightOf(`${layer}.lora_A.${PLACE}.weight`, a, isMasked),
      weightOf(`${layer}.lora_B.${PLACE}.weight`, b, isMasked),
    ];
  });
  return { settings: mergedSettings(parts, ranks), weights };
}
