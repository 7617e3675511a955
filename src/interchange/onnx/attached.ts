import { type Adapter, Bottleneck, Fusion, familyOf, type ResidualModule } from '../../adapters/index.ts';
import { Prefix } from '../../adapters/prefix.ts';
import { TrainedPrompt } from '../../adapters/prompt-tuning.ts';
import { InputError } from '../../errors.ts';
import { type AttentionPoint, Pass } from '../../models/index.ts';
import type { Parameter } from '../../nn/index.ts';
import { zeros } from '../../tensor/create.ts';
import { tidy } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { DenseWeight } from './numbers.ts';

/** Keys and values before those of a text, [length, hidden] each. */
export interface PrefixRows {
  readonly key: DenseWeight;
  readonly value: DenseWeight;
}

/** The parts of an adapter that become nodes of a graph, by the names of the points where they are. */
export interface AttachedParts {
  readonly residual: ReadonlyMap<string, Bottleneck | Fusion>;
  readonly prefixes: ReadonlyMap<string, PrefixRows>;
  /** How much later positions begin. */
  readonly shifts: ReadonlyMap<string, number>;
  /** Names of the tables of rows before the tokens. */
  readonly prompts: readonly string[];
  /** How many rows these have together. */
  readonly promptLength: number;
}

/**
 * Reads what an adapter adds to a graph beside weights that were merged.
 *
 * @throws InputError naming an adapter with a part that has no nodes here
 */
export async function attachedParts({ name, settings, parts }: Adapter): Promise<AttachedParts> {
  const refused = (what: string) =>
    new InputError(
      `The adapter '${name}' (${familyOf(settings.kind).kind}) ${what}, which --to onnx (to) has no nodes for; save it as 'sparse'.`,
    );
  const hasNodes = (module: ResidualModule): module is Bottleneck | Fusion =>
    module instanceof Bottleneck || module instanceof Fusion;
  const residual = new Map<string, Bottleneck | Fusion>();
  for (const [point, module] of parts.residual ?? []) {
    if (!hasNodes(module)) throw refused(`has a part of its own at ${point.name}`);
    residual.set(point.name, module);
  }
  if (!parts.mergedWeights && (parts.projection?.size || parts.embedding?.size)) {
    throw refused('changes linear layers and cannot be merged into them');
  }
  const prefixes = new Map<string, PrefixRows>();
  for (const [point, module] of parts.attention ?? []) {
    if (!(module instanceof Prefix)) throw refused(`changes the keys and values of ${point.name}`);
    prefixes.set(point.name, await prefixRows(module, point));
  }
  const shifts = new Map<string, number>();
  for (const [point, module] of parts.positions ?? []) {
    // Another rule than a shift would not move all positions alike.
    const [first, second] = module.forward(Int32Array.of(0, 7), { pass: new Pass(Int32Array.of(0, 2)) });
    if (second - first !== 7) throw refused('moves positions');
    shifts.set(point.name, first);
  }
  const prompts: Parameter[] = [];
  for (const module of parts.prompts?.values() ?? []) {
    if (!(module instanceof TrainedPrompt)) throw refused('puts rows before the tokens');
    prompts.push(module.rows);
  }
  const promptLength = prompts.reduce((sum, { shape: [rows] }) => sum + rows, 0);
  return { residual, prefixes, shifts, prompts: prompts.map(({ name }) => name), promptLength };
}

/** The rows that a prefix has before the keys and values of a text: here one with a single row. */
async function prefixRows(module: Prefix, { hiddenSize }: AttentionPoint): Promise<PrefixRows> {
  const rows = tidy(() => {
    const [row, offsets] = [zeros([1, hiddenSize]), Int32Array.of(0, 1)];
    const alone = { key: row, value: row, offsets, counts: Int32Array.of(1) };
    const { key, value } = module.forward(alone, { pass: new Pass(offsets) }); // [length + 1, hidden]
    return { key, value };
  });
  return { key: await withoutLast(rows.key), value: await withoutLast(rows.value) };
}

async function withoutLast(rows: Tensor): Promise<DenseWeight> {
  const [count, width] = rows.shape;
  const values = Float32Array.from(await rows.data()).subarray(0, (count - 1) * width);
  rows.dispose();
  return { shape: [count - 1, width], values };
}
