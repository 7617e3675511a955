import { type Encoding, emptyLists, type TokenLists, type TokenRange, type TokenSource } from '../encoding.ts';

/** The number of a text of a pair. */
export type TextIndex = 0 | 1;

/** A part of what a model reads: special tokens, or the tokens of a text. */
export type Piece =
  | { readonly ids: readonly number[]; readonly typeId: number }
  | {
      readonly text: TextIndex;
      readonly typeId: number;
      /** The type of its tokens in the other windows, which the library does not set everywhere. */
      readonly windowTypeId: number;
    };

/** The pieces of which one encoding, or a part of one, consists, in their order. */
export type Strip = readonly Piece[];

/** A step that puts special tokens around texts and gives types to tokens, as a function of what was put together so far. */
export type PostProcessor = (strips: readonly Strip[], addSpecialTokens: boolean) => readonly Strip[];

/** The strip of a text alone. */
export const textStrip = (text: TextIndex): Strip => [{ text, typeId: text, windowTypeId: text }];

/** Returns a strip whose tokens all have a type. */
export const withType = (strip: Strip, typeId: number): Strip => strip.map((piece) => ({ ...piece, typeId }));

/** Returns the number of special tokens in a strip. */
export const specialCount = (strip: Strip): number =>
  strip.reduce((count, piece) => count + ('ids' in piece ? piece.ids.length : 0), 0);

/** A piece with a window on its text. */
interface Placed {
  readonly piece: Piece;
  readonly range: TokenRange;
  /** Whether it is the window that is read first. */
  readonly isFirst: boolean;
}

/**
 * Puts texts into the places of a strip.
 *
 * @param windows of each text, the one that is read first
 * @param isOverflowAsked whether encodings with the other windows, in all combinations, are made too
 */
export function fillStrip(
  strip: Strip,
  texts: readonly TokenSource[],
  windows: readonly (readonly TokenRange[])[],
  isOverflowAsked: boolean,
): Encoding {
  const [first, ...others] = isOverflowAsked ? combinations(strip, windows) : [firstWindows(strip, windows)];
  return {
    ...joined(first, texts),
    overflowing: others.map((placed) => ({ ...joined(placed, texts), overflowing: [] })),
  };
}

const none: TokenRange = { from: 0, to: 0 };

const firstWindows = (strip: Strip, windows: readonly (readonly TokenRange[])[]): Placed[] =>
  strip.map((piece) => ({ piece, range: 'ids' in piece ? none : windows[piece.text][0], isFirst: true }));

/** Returns all combinations of windows, the one of the first ones first, in the order in which the library merges encodings. */
function combinations(strip: Strip, windows: readonly (readonly TokenRange[])[]): Placed[][] {
  let [first, others]: [Placed[], Placed[][]] = [[], []];
  for (const piece of strip) {
    const ranges = 'ids' in piece ? [none] : windows[piece.text];
    const [own, ...more] = ranges.map((range, i): Placed => ({ piece, range, isFirst: i === 0 }));
    others = [
      ...others.flatMap((other) => [own, ...more].map((placed) => [...other, placed])),
      ...more.map((placed) => [...first, placed]),
    ];
    first = [...first, own];
  }
  return [first, ...others];
}

const outside = [0, 0] as const;

function joined(pieces: readonly Placed[], texts: readonly TokenSource[]): Omit<Encoding, 'overflowing'> {
  const lengthOf = ({ piece, range }: Placed) => ('ids' in piece ? piece.ids.length : range.to - range.from);
  const length = pieces.reduce((sum, placed) => sum + lengthOf(placed), 0);
  const lists: TokenLists = emptyLists(length);
  const { ids, offsets, wordIds } = lists;
  const typeIds = new Array<number>(length);
  const specialTokensMask = new Array<number>(length);
  const sequenceIds = new Array<TextIndex | null>(length);
  let at = 0;
  for (const { piece, range, isFirst } of pieces) {
    if ('ids' in piece) {
      for (const id of piece.ids) {
        ids[at] = id;
        typeIds[at] = piece.typeId;
        offsets[at] = outside;
        specialTokensMask[at] = 1;
        wordIds[at] = null;
        sequenceIds[at++] = null;
      }
      continue;
    }
    texts[piece.text].copyTo(lists, at, range);
    const typeId = isFirst ? piece.typeId : piece.windowTypeId;
    for (const end = at + range.to - range.from; at < end; at++) {
      typeIds[at] = typeId;
      specialTokensMask[at] = 0;
      sequenceIds[at] = piece.text;
    }
  }
  return { ids, typeIds, offsets, specialTokensMask, wordIds, sequenceIds };
}
