import { InputError } from '../errors.ts';
import type { Json } from './fields.ts';
import type { Weight } from './portable.ts';

/** The table of tokens of an encoder-decoder, which both sides and the output read. */
const shared = /(^|\.)shared\.weight$/;

/** Modules of Python that each have that table. PEFT trains copies of them, and one of `shared` is read by nothing there. */
const copies = ['encoder.embed_tokens', 'decoder.embed_tokens'];
const OUTPUT = 'lm_head';

const isTable = (name: string): boolean =>
  /(^|\.)(shared|embed_tokens|lm_head)\.((original_module|modules_to_save)\.)?weight$/.test(name);

const isSame = (one: Weight, other: Weight): boolean =>
  one.values.length === other.values.length && one.values.every((value, i) => value === other.values[i]);

/** Weights of a file, and lines on what is left out of them. */
interface Read {
  readonly weights: readonly Weight[];
  readonly warnings: readonly string[];
}

/**
 * The weights of a file with one table of tokens: that which PEFT computes with.
 *
 * @throws InputError for tables that differ between the encoder, the decoder and the output
 */
export function withSharedTable(label: string, { modules_to_save: saved }: Json, weights: readonly Weight[]): Read {
  const find = (end: string) => weights.find(({ name }) => `.${name}`.endsWith(`.${end}`));
  const [own, original, output] = ['shared.weight', 'shared.original_module.weight', `${OUTPUT}.weight`].map(find);
  const sides = copies.flatMap((module) => find(`${module}.weight`) ?? []);
  if (!own && sides.length === 0) return { weights, warnings: [] };
  const isWrapped = Array.isArray(saved) && saved.some((name) => /(^|\.)shared$/.test(String(name)));
  const table = sides[0] ?? original ?? (isWrapped ? undefined : own);
  const others = weights.filter(({ name }) => !isTable(name));
  if (!table) {
    const line = `${label}: the table of tokens in it ("shared") is left out, as PEFT trains a copy of it that nothing reads.`;
    return { weights: output ? [...others, output] : others, warnings: [line] };
  }
  const needed = sides.length > 0 ? [...sides, ...(output ? [output] : [])] : output ? [output] : [];
  if (sides.length === 1 || needed.some((other) => !isSame(other, table))) {
    throw new InputError(
      `${label}: the encoder, the decoder and the output have tables of tokens of their own, and one here; train them in PEFT with ensure_weight_tying.`,
    );
  }
  const name = own?.name ?? table.name.replace(/encoder\.embed_tokens\.weight$/, 'shared.weight');
  return { weights: [...others, { ...table, name }], warnings: [] };
}

/** The tables that Python must be given for that of an adapter. @param hasOutput whether the model has an output for tokens */
export const pythonTables = (weight: Weight, hasOutput: boolean): readonly Weight[] => {
  if (!shared.test(weight.name)) return [weight];
  const tables = copies.map((module) => ({
    ...weight,
    name: weight.name.replace(/shared\.weight$/, `${module}.weight`),
  }));
  return hasOutput ? [...tables, { ...weight, name: `${OUTPUT}.weight` }] : tables;
};

/** The fields of a configuration for these tables. With `ensure_weight_tying` PEFT cannot run some models. */
export function pythonTableFields({ modules_to_save: saved, ...config }: Json, hasOutput: boolean): Json {
  const isShared = (name: unknown) => /(^|\.)shared$/.test(String(name));
  if (!Array.isArray(saved) || !saved.some(isShared)) return { ...config, modules_to_save: saved };
  const names = [...saved.filter((name) => !isShared(name)), 'embed_tokens', ...(hasOutput ? [OUTPUT] : [])];
  return { ...config, modules_to_save: names };
}
