import type { AttachedParts } from './attached.ts';
import type { ModelGraph } from './model-graph.ts';

/** Rows that an adapter has before the tokens of a text. */
export interface PromptNodes {
  /** How many there are. */
  readonly length: number;
  /** Puts numbers for these rows before those of tokens [batch, length]. */
  readonly before: (tokens: string, number: number) => string;
  /** Puts them before the rows of tokens [batch, length, hidden]. */
  readonly withRows: (tokens: string) => string;
}

/** The rows of all prompts of an adapter, one after the other. */
export function promptNodes(graph: ModelGraph, { prompts, promptLength: length }: AttachedParts): PromptNodes {
  const tables = prompts.map((name) => graph.weight(name));
  if (length === 0) return { length, before: (tokens) => tokens, withRows: (tokens) => tokens };
  const [, hidden] = tables[0].shape;
  const rows = Float32Array.from(tables.flatMap(({ values }) => [...values]));
  const table = graph.floats('prompt', rows, [1, length, hidden]);
  return {
    length,
    before: (tokens, number) => graph.node('Pad', [tokens, graph.integers([0, length, 0, 0]), graph.integers(number)]),
    withRows: (tokens) => {
      const batch = graph.node('Shape', [tokens], { start: 0, end: 1 });
      const shape = graph.node('Concat', [batch, graph.integers([length, hidden])], { axis: 0 });
      return graph.node('Concat', [graph.node('Expand', [table, shape]), tokens], { axis: 1 });
    },
  };
}
