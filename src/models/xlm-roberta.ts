import type { Architecture } from './architecture.ts';
import type { EncoderConfig } from './config.ts';
import type { bertEntries } from './encoder-schema.ts';
import { roberta } from './roberta.ts';

/** XLM-RoBERTa (Conneau et al., 2020) is RoBERTa, with its names, for a hundred languages. */
export const xlmRoberta: Architecture<EncoderConfig, typeof bertEntries> = {
  ...roberta,
  type: 'xlm-roberta',
  title: 'XLM-RoBERTa',
  classes: ['XLMRoberta', 'Roberta'],
};

/** CamemBERT (Martin et al., 2020) is RoBERTa, with its names, for French. */
export const camembert: Architecture<EncoderConfig, typeof bertEntries> = {
  ...roberta,
  type: 'camembert',
  title: 'CamemBERT',
  classes: ['Camembert', 'Roberta'],
};
