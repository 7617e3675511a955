import { bartEntries, bartLayout, bartModel, bartSizes, fairseqPositions } from './bart.ts';
import { only } from './config-json.ts';
import { defineSeq2Seq, type EncoderDecoderConfig } from './encoder-decoder-config.ts';
import { NormBefore } from './parts/residual.ts';

const entries = {
  ...bartEntries,
  normalize_before: only(true),
  add_final_layer_norm: only(true),
  normalize_embedding: only(true),
  static_position_embeddings: only(false),
};

/** mBART (Liu et al., 2020) and mBART-50: BART with the norms before the sublayers, and one at the end of each stack. */
export const mbart = defineSeq2Seq<EncoderDecoderConfig, typeof entries>({
  ...bartLayout,
  type: 'mbart',
  title: 'mBART',
  entries,
  tokens: { pad_token_id: 1, eos_token_id: 2, decoder_start_token_id: null },
  // A target ends with its language, or with the end where the language begins it.
  wrapsTargets: true,
  generation: { forcedEosTokenId: 2 },
  sizes: bartSizes,
  build: bartModel({
    residual: NormBefore,
    positions: fairseqPositions,
    normalisesEmbeddings: true,
    normalisesOutput: true,
  }),
});
