import type { Architecture } from './architecture.ts';
import { bert } from './bert.ts';
import type { EncoderConfig } from './config.ts';
import { type bertEntries, bertSizes } from './encoder-schema.ts';
import { denseHead, headDropout, plainHeads, pooledHead } from './heads.ts';

/**
 * RoBERTa (Liu et al., 2019) is BERT with other positions: they count the tokens that are not padding and start after
 * `pad_token_id`, which is the position of padding itself.
 */
export const roberta: Architecture<EncoderConfig, typeof bertEntries> = {
  ...bert,
  type: 'roberta',
  title: 'RoBERTa',
  classes: ['Roberta', 'XLMRoberta', 'Camembert'],
  prefix: 'roberta',
  padTokenId: 1,
  sizes: (fields, position_padding) => ({ ...bertSizes(fields), position_padding }),
  heads(config) {
    const dropout = headDropout(config);
    return {
      text: denseHead('classifier', dropout),
      // The pooler of BERT, whose dropout does not follow classifier_dropout.
      choice: pooledHead('roberta.pooler.dense', config.hidden_dropout_prob),
      ...plainHeads(dropout),
    };
  },
};
