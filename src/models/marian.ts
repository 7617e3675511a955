import { boolean, positiveInteger, wholeNumber } from '../settings/index.ts';
import { bartEntries, bartLayout, bartModel, bartSizes } from './bart.ts';
import { fieldError, only, optional } from './config-json.ts';
import { defineSeq2Seq, type EncoderDecoderConfig } from './encoder-decoder-config.ts';
import { SinusoidalPositions } from './parts/position-table.ts';
import { NormAfter } from './parts/residual.ts';

const entries = {
  ...bartEntries,
  /** Rows that learned positions would have more, without effect here: files name the size of the vocabulary. */
  extra_pos_embeddings: optional(wholeNumber, 2),
  /** Null: as `vocab_size`. */
  decoder_vocab_size: optional(positiveInteger, null),
  share_encoder_decoder_embeddings: optional(boolean, true),
  normalize_before: only(false),
  add_final_layer_norm: only(false),
  normalize_embedding: only(false),
  static_position_embeddings: only(true),
};

/** Marian (Junczys-Dowmunt et al., 2018), as OPUS-MT's translators are: BART with sinusoidal positions and no norm of the embeddings. */
export const marian = defineSeq2Seq<EncoderDecoderConfig, typeof entries>({
  ...bartLayout,
  type: 'marian',
  title: 'Marian',
  entries,
  tokens: { pad_token_id: 58100, eos_token_id: 0, decoder_start_token_id: 58100 },
  wrapsTargets: false,
  generation: { forcedEosTokenId: 0 },
  sizes(fields, file) {
    const { decoder_vocab_size, share_encoder_decoder_embeddings: shares_tables, vocab_size } = fields;
    if (shares_tables && (decoder_vocab_size ?? vocab_size) !== vocab_size) {
      throw fieldError('decoder_vocab_size', decoder_vocab_size, 'vocab_size, as the tables are shared', file);
    }
    return {
      ...bartSizes(fields, file),
      first_position: 0,
      decoder_vocab_size: decoder_vocab_size ?? vocab_size,
      shares_tables,
    };
  },
  build: bartModel({
    residual: NormAfter,
    positions: (_, { max_position_embeddings, d_model }) => new SinusoidalPositions(max_position_embeddings, d_model),
    normalisesEmbeddings: false,
    normalisesOutput: false,
  }),
});
