/** One text, or a pair, as a model reads it: special tokens included, no padding. */
export interface Encoding {
  readonly ids: number[];
  /** Token types (segments): as many as `ids`. */
  readonly typeIds: number[];
}

/** A part of a template: fixed special tokens, or the place of the first (0) or second (1) text. */
type Piece =
  | { readonly ids: readonly number[]; readonly typeId: number }
  | { readonly text: 0 | 1; readonly typeId: number };

/** The places of the special tokens of a model around one text and around a pair. */
export interface Template {
  readonly single: readonly Piece[];
  readonly pair: readonly Piece[];
}

type TemplateItem =
  | { SpecialToken: { id: string; type_id: number } }
  | { Sequence: { id: 'A' | 'B'; type_id: number } };

/** The `post_processor` of a tokenizer.json, as far as it is read here. */
export type PostProcessor =
  | { type: 'BertProcessing' | 'RobertaProcessing'; cls: [string, number]; sep: [string, number] }
  | {
      type: 'TemplateProcessing';
      single: TemplateItem[];
      pair: TemplateItem[];
      special_tokens: Record<string, { ids: number[] }>;
    }
  | { type: 'Sequence'; processors: PostProcessor[] }
  | { type: 'ByteLevel' };

/**
 * The template in the `post_processor` of a tokenizer.json.
 *
 * Token types follow the Rust library: `RobertaProcessing` gives 0 everywhere, as RoBERTa has a single type.
 * @throws Error when the post-processor adds no special tokens
 */
export function parseTemplate(postProcessor: PostProcessor | null): Template {
  switch (postProcessor?.type) {
    case 'Sequence': {
      const processor = postProcessor.processors.find(({ type }) => type !== 'ByteLevel');
      return parseTemplate(processor ?? null);
    }
    case 'TemplateProcessing': {
      const { single, pair, special_tokens: specials } = postProcessor;
      const piece = (item: TemplateItem): Piece =>
        'Sequence' in item
          ? { text: item.Sequence.id === 'A' ? 0 : 1, typeId: item.Sequence.type_id }
          : { ids: specials[item.SpecialToken.id].ids, typeId: item.SpecialToken.type_id };
      return { single: single.map(piece), pair: pair.map(piece) };
    }
    case 'BertProcessing':
    case 'RobertaProcessing': {
      const isBert = postProcessor.type === 'BertProcessing';
      const cls = { ids: [postProcessor.cls[1]], typeId: 0 };
      const sep = { ids: [postProcessor.sep[1]], typeId: 0 };
      const first = { text: 0, typeId: 0 } as const;
      const second = { text: 1, typeId: isBert ? 1 : 0 } as const;
      return {
        single: [cls, first, sep],
        pair: isBert ? [cls, first, sep, second, { ...sep, typeId: 1 }] : [cls, first, sep, sep, second, sep],
      };
    }
    default:
      throw new Error(
        'its post_processor adds no special tokens, only tokenizers in the style of BERT and RoBERTa are supported',
      );
  }
}

/** The ids of the special tokens, in order. */
export function specialIds(pieces: readonly Piece[]): number[] {
  return pieces.flatMap((piece) => ('ids' in piece ? piece.ids : []));
}

/** Returns where the ids of the second text of a pair begin, the first having `first` ids. */
export function secondStart(pieces: readonly Piece[], first: number): number {
  const before = pieces.slice(
    0,
    pieces.findIndex((piece) => 'text' in piece && piece.text === 1),
  );
  return before.reduce((sum, piece) => sum + ('ids' in piece ? piece.ids.length : first), 0);
}

/** Puts the ids of one or two texts into their places. */
export function fillTemplate(pieces: readonly Piece[], texts: readonly (readonly number[])[]): Encoding {
  const parts = pieces.map((piece) => ('ids' in piece ? piece.ids : texts[piece.text]));
  return {
    ids: parts.flat(),
    typeIds: parts.flatMap((part, i) => new Array<number>(part.length).fill(pieces[i].typeId)),
  };
}
