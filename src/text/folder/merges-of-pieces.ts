import type { Piece } from './sentence-piece-file.ts';

interface Merge {
  readonly pair: readonly [string, string];
  readonly score: number;
  /** In characters. */
  readonly lengths: readonly [number, number];
}

/**
 * The merges of a BPE model of sentencepiece, which has none, but a score for each piece: every way to put a piece together
 * out of two others, the best score first; of equal ones, that with the longer first part.
 *
 * Source: `generate_merges` of Hugging Face transformers 4.57 (convert_slow_tokenizer.py).
 *
 * @param scored pieces with their scores, in the order of the tokenizer
 * @param ids of all pieces in the model of sentencepiece
 */
export function mergesOfPieces(
  scored: readonly Pick<Piece, 'piece' | 'score'>[],
  ids: ReadonlyMap<string, number>,
): (readonly [string, string])[] {
  const merges: Merge[] = [];
  for (const { piece, score } of scored) {
    const characters = [...piece];
    const found: { merge: Merge; first: number; second: number }[] = [];
    for (let i = 1, cut = characters[0].length; i < characters.length; cut += characters[i++].length) {
      const pair = [piece.slice(0, cut), piece.slice(cut)] as const;
      const [first, second] = [ids.get(pair[0]), ids.get(pair[1])];
      if (first === undefined || second === undefined) continue;
      found.push({ merge: { pair, score, lengths: [i, characters.length - i] }, first, second });
    }
    found.sort((a, b) => a.first - b.first || a.second - b.second);
    merges.push(...found.map(({ merge }) => merge));
  }
  merges.sort((a, b) => b.score - a.score || b.lengths[0] - a.lengths[0] || b.lengths[1] - a.lengths[1]);
  return merges.map(({ pair }) => pair);
}
