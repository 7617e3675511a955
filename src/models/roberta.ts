import type { BertVariant } from './bert.ts';

/**
 * RoBERTa (Liu et al., 2019) is BERT with other positions: they count the tokens that are not padding and start after
 * `pad_token_id`, which is the position of padding itself.
 */
export const roberta: BertVariant = {
  positionIds: (ids, { pad_token_id }) => {
    let count = 0;
    return ids.map((id) => (id === pad_token_id ? pad_token_id : pad_token_id + ++count));
  },
  positionPadding: ({ pad_token_id }) => pad_token_id,
};
