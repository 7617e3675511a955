import type { EncoderConfig } from './config.ts';

/** What tells where positions begin: null for 0, else after this one, which is that of padding (RoBERTa, Liu et al., 2019). */
type Positions = Pick<EncoderConfig, 'position_padding'>;

/** The position of each token of a sequence. After a position of padding they count the tokens that are not it. */
export function positionsOf(ids: readonly number[], { position_padding: padding }: Positions): number[] {
  if (padding === null) return ids.map((_, column) => column);
  let count = 0;
  return ids.map((id) => (id === padding ? padding : padding + ++count));
}

/** The longest sequence that a model has positions for, special tokens included. */
export const longestOf = ({
  position_padding: padding,
  max_position_embeddings: places,
}: Positions & Pick<EncoderConfig, 'max_position_embeddings'>): number => places - (padding ?? -1) - 1;
