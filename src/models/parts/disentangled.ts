import { type Embedding, type LayerNorm, type ParameterPath, trainingDropout } from '../../nn/index.ts';
import { add, mul } from '../../ops/arithmetic.ts';
import type { PackedAttentionOptions, RowRange } from '../../ops/attention.ts';
import { biasedAttention } from '../../ops/biased-attention.ts';
import { indexSelect } from '../../ops/gather.ts';
import { concat, permute } from '../../ops/layout.ts';
import { matmul } from '../../ops/matmul.ts';
import { reshape } from '../../ops/reduce.ts';
import { rowBlocks } from '../../ops/row-blocks.ts';
import type { Random } from '../../random/random.ts';
import { zeros } from '../../tensor/create.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { ProjectionPoint } from '../attachments.ts';
import { Pass } from '../pass.ts';
import { ownKeys } from './own-keys.ts';
import { type Attend, type AttentionRows, type AttentionScheme, schemeColumns } from './self-attention.ts';

/** The table of distances that all layers share. */
export interface DistanceTable {
  /** [2 span, hidden] */
  readonly table: Embedding;
  readonly norm: LayerNorm | null;
  /** The row of a distance, query - key. */
  readonly rowOf: (distance: number) => number;
  readonly dropout: number;
}

/** Which parts of the scores there are, by the names of `pos_att_type`. */
export interface Disentangled {
  /** Content to position: of the query and the distance. */
  readonly c2p: boolean;
  /** Position to content: of the key and the distance. */
  readonly p2c: boolean;
  /** Whether distances go through the projections of keys and queries, and not through their own. */
  readonly shared: boolean;
}

/**
 * A scheme of positions (He et al., 2021): to the product of query and key are added those of the query with the distance, and of the key
 * with the distance, as vectors.
 */
export class DisentangledAttention implements AttentionScheme {
  readonly #distances: DistanceTable;
  readonly #terms: Disentangled;
  readonly #key: ProjectionPoint | null;
  readonly #query: ProjectionPoint | null;

  /** @param path of the attention, for projections of its own */
  constructor(path: ParameterPath, hidden: number, distances: DistanceTable, terms: Disentangled) {
    this.#distances = distances;
    this.#terms = terms;
    const own = (name: string, isNeeded: boolean) =>
      isNeeded && !terms.shared ? new ProjectionPoint(path.at(name), hidden, hidden) : null;
    this.#key = own('pos_key_proj', terms.c2p);
    this.#query = own('pos_query_proj', terms.p2c);
  }

  get projections(): ProjectionPoint[] {
    return [this.#key, this.#query].filter((point) => point !== null);
  }

  readonly attend: Attend = (query, key, value, options, rows) => {
    const { c2p, p2c } = this.#terms;
    const { heads } = options;
    const scale = 1 / Math.sqrt((query.shape[1] / heads) * (1 + Number(c2p) + Number(p2c)));
    const scaled = { ...options, scale };
    if (!c2p && !p2c) return biasedAttention(query, key, value, scaled, () => undefined);
    const table = this.#table(rows.pass.random);
    const sequences = this.#sequences(rows, options);
    const ranges = sequences.map(({ cells }) => cells.rows);
    const keys = c2p ? projectedBy(this.#key ?? rows.key, table, ranges, rows.pass) : null;
    const queries = p2c ? projectedBy(this.#query ?? rows.query, table, ranges, rows.pass) : null;
    const contents = {
      queries: c2p
        ? rowBlocks(
            query,
            sequences.map(({ cells }) => cells.queries),
          )
        : [],
      keys: p2c
        ? rowBlocks(
            key,
            sequences.map(({ cells }) => cells.keys),
          )
        : [],
    };
    return biasedAttention(query, key, value, scaled, (s) => {
      const { cells, before } = sequences[s];
      const terms = [
        ...(keys ? [gathered(headsOf(contents.queries[s], heads), headsOf(keys[s], heads), cells, 'row')] : []),
        ...(queries ? [gathered(headsOf(contents.keys[s], heads), headsOf(queries[s], heads), cells, 'column')] : []),
      ];
      const bias = mul(
        terms.reduce((a, b) => add(a, b)),
        scale,
      );
      return before === 0 ? bias : concat([zeros([heads, bias.shape[1], before]), bias], 2);
    });
  };

  /** [2 span, hidden] */
  #table(random: Random | undefined): Tensor {
    const { table, norm, dropout } = this.#distances;
    const weight = table.weight.tensor();
    return trainingDropout(norm ? norm.forward(weight) : weight, dropout, random);
  }

  /** The cells of each sequence, and how many keys without distances stand before them. */
  #sequences(
    rows: AttentionRows,
    options: PackedAttentionOptions,
  ): { readonly cells: Cells; readonly before: number }[] {
    const { queryOffsets, keyOffsets, keyCounts } = options;
    const { columns } = rows.batch;
    return ownKeys(options, schemeColumns(rows)).map(({ before, columns: j }, s) => {
      const queries: RowRange = [queryOffsets[s], queryOffsets[s + 1]];
      const keys: RowRange = [keyOffsets[s] + before, keyOffsets[s] + keyCounts[s]];
      const i = columns.subarray(...queries);
      const places = Int32Array.from({ length: i.length * j.length }, (_, cell) =>
        this.#distances.rowOf(i[Math.floor(cell / j.length)] - j[cell % j.length]),
      );
      const first = places.reduce((least, row) => Math.min(least, row), places[0] ?? 0);
      const end = places.reduce((most, row) => Math.max(most, row + 1), first + 1);
      return { cells: { queries, keys, rows: [first, end], places: places.map((row) => row - first) }, before };
    });
  }
}

/** The queries and keys of a sequence, and for each pair of them the row of its distance. */
interface Cells {
  readonly queries: RowRange;
  readonly keys: RowRange;
  /** Those of the table that the sequence has distances for: a short one has few. */
  readonly rows: RowRange;
  /** [queries * keys] the place of a distance among `rows`. */
  readonly places: Int32Array;
}

/** [rows, hidden] -> [heads, rows, headDim] */
function headsOf(x: Tensor, heads: number): Tensor {
  return permute(reshape(x, [x.shape[0], heads, x.shape[1] / heads]), [1, 0, 2]);
}

/** The products of queries or keys [heads, rows, headDim] with the distances of all cells: [heads, queries, keys]. */
function gathered(
  x: Tensor,
  table: Tensor,
  { queries, keys, places: distances }: Cells,
  side: 'row' | 'column',
): Tensor {
  const [heads, rows] = x.shape;
  const span = table.shape[1];
  const [height, width] = [queries[1] - queries[0], keys[1] - keys[0]];
  const products = reshape(permute(matmul(x, table, { transposeB: true }), [1, 2, 0]), [rows * span, heads]);
  const places = distances.map(
    (distance, cell) => (side === 'row' ? Math.floor(cell / width) : cell % width) * span + distance,
  );
  return permute(reshape(indexSelect(products, places), [height, width, heads]), [2, 0, 1]);
}

/** The rows of each range of the table through a linear layer; where something is attached to it, each range by itself. */
function projectedBy(point: ProjectionPoint, table: Tensor, ranges: readonly RowRange[], { random }: Pass): Tensor[] {
  const first = Math.min(...ranges.map(([start]) => start));
  const last = Math.max(...ranges.map(([, end]) => end));
  const blocks = point.attached ? ranges : [[first, last] as const];
  const offsets = new Int32Array(blocks.length + 1);
  blocks.forEach(([start, end], block) => {
    offsets[block + 1] = offsets[block] + end - start;
  });
  const made = point.forward(concat(rowBlocks(table, blocks)), new Pass(offsets, random));
  const places = ranges.map(([start, end], s): RowRange => {
    const place = point.attached ? offsets[s] : start - first;
    return [place, place + end - start];
  });
  return rowBlocks(made, places);
}
