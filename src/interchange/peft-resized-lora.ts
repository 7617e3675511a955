import { InputError } from '../errors.ts';
import { isOff } from '../models/config-json.ts';
import type { Json } from './fields.ts';
import { patternValue } from './peft-targets.ts';
import { PLACE, type Weight } from './portable.ts';

/** A table that PEFT saves below LoRA on it, where it was resized. */
const base = /^(.*)\.base_layer\.weight$/;

/**
 * The weights of a file in which LoRA on tables of embeddings that it has too is merged into these: row i of a table is W_i + s B A e_i.
 *
 * @returns the modules of these tables, too
 * @throws InputError for matrices that do not fit the table
 */
export function withMergedTables(
  label: string,
  config: Json,
  weights: readonly Weight[],
): { readonly weights: readonly Weight[]; readonly modules: readonly string[] } {
  const byName = new Map(weights.map((weight) => [weight.name, weight]));
  const tables = weights.flatMap((weight) => {
    const module = base.exec(weight.name)?.[1];
    const [a, b] = ['A', 'B'].map((letter) => byName.get(`${module}.lora_embedding_${letter}.${PLACE}`));
    return module !== undefined && a && b ? [{ module, table: weight, a, b }] : [];
  });
  const used = new Set(tables.flatMap(({ table, a, b }) => [table, a, b]));
  const merged = tables.map(({ module, table, a, b }) => mergedTable(label, config, module, table, a, b));
  return {
    weights: [...weights.filter((weight) => !used.has(weight)), ...merged],
    modules: tables.map(({ module }) => module),
  };
}

function mergedTable(label: string, config: Json, module: string, table: Weight, a: Weight, b: Weight): Weight {
  const [rows, features] = table.shape;
  const [rank] = a.shape;
  const { r = 8, lora_alpha = 8, use_rslora } = config;
  const own = patternValue(label, config, 'rank_pattern', module) ?? Number(r);
  const alpha = patternValue(label, config, 'alpha_pattern', module) ?? Number(lora_alpha);
  if (rank !== own || a.shape[1] !== rows || b.shape[0] !== features || b.shape[1] !== rank) {
    throw new InputError(
      `${label}: LoRA on ${module} has the shapes ${a.shape} and ${b.shape}, which do not fit its table ${table.shape} and the rank ${own}.`,
    );
  }
  const scale = alpha / (isOff(use_rslora) ? rank : Math.sqrt(rank));
  const values = Float32Array.from(table.values);
  for (let row = 0; row < rows; row++) {
    for (let feature = 0; feature < features; feature++) {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += b.values[feature * rank + k] * a.values[k * rows + row];
      values[row * features + feature] += scale * sum;
    }
  }
  return { ...table, name: `${module}.weight`, values };
}
