import type { EncoderSite } from './encoder-site.ts';

/** The names of the tables that architectures name in their own way. */
export interface TableNames {
  readonly words: string;
  readonly norm: string;
}

const tablesOfBert: TableNames = { words: 'word_embeddings', norm: 'LayerNorm' };

/** The sum of the embeddings of words, types and positions, as far as there are tables of them, normalised: [batch, rows, width]. */
export function summedEmbeddings(site: EncoderSite, { words, norm }: TableNames = tablesOfBert): string {
  const { graph, config, prompt, ids, at } = site;
  const [table, types, positions] = [words, 'token_type_embeddings', 'position_embeddings'].map((name) =>
    at(`embeddings.${name}.weight`),
  );
  const first = prompt.withRows(graph.embedding(ids, table));
  const typed = graph.has(types) ? graph.add(first, typeRows(site, types)) : first;
  const summed = graph.has(positions) ? graph.add(typed, positionRows(site, positions)) : typed;
  // Without its shape the runtime does not see that sublayers end with a sum and a norm, which it does at once.
  const [, width] = graph.weight(table).shape;
  const shaped = graph.shaped(summed, ['batch_size', prompt.length ? 'rows' : 'sequence_length', width]);
  // DeBERTa widens narrower tables before the norm.
  const projection = at('embeddings.embed_proj');
  const wide = graph.has(`${projection}.weight`) ? graph.linear(shaped, projection) : shaped;
  return graph.layerNorm(wide, at(`embeddings.${norm}`), config.layer_norm_eps);
}

/** Rows for the types of tokens; without types those of the first one, [hidden]. */
function typeRows({ graph, hasTypes, prompt }: EncoderSite, table: string): string {
  if (!hasTypes) return graph.embedding(graph.integers(0), table);
  const types = graph.input('token_type_ids', 'int64', ['batch_size', 'sequence_length']);
  return graph.embedding(prompt.before(types, 0), table);
}

/** Rows of the table of positions, [rows, hidden] or [batch, rows, hidden]. */
function positionRows(site: EncoderSite, table: string): string {
  const { graph, config, parts, mask, at } = site;
  const shift = parts.shifts.get(at('embeddings')) ?? 0;
  const { position_padding: padding } = config;
  if (padding !== null) return graph.embedding(countedPositions(site, padding, shift), table);
  const length = graph.node('Shape', [mask], { start: 1, end: 2 });
  const [start, end] = [graph.integers([shift]), shift === 0 ? length : graph.add(length, graph.integers([shift]))];
  return graph.rows(table, start, end);
}

/** The position of each row [batch, rows], counted as RoBERTa does: tokens alone, from after the padding id on. */
function countedPositions({ graph, ids, prompt }: EncoderSite, padding: number, shift: number): string {
  const isToken = graph.node('Not', [graph.node('Equal', [ids, graph.integers(padding)])]);
  const counted = graph.node('Cast', [isToken], { to: { type: 'int64' } });
  const count = graph.node('Mul', [graph.node('CumSum', [counted, graph.integers(1)]), counted]);
  const positions = graph.add(count, graph.integers(padding + shift));
  const { length } = prompt;
  if (length === 0) return positions;
  // What stands before the tokens has the first positions, and theirs follow.
  const first = graph.node('Slice', [positions, ...[0, 1, 1].map((place) => graph.integers([place]))]);
  const before = graph.add(first, graph.integers([...Array(length).keys()]));
  return graph.node('Concat', [before, graph.add(positions, graph.integers(length))], { axis: 1 });
}
