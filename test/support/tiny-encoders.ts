import type { EncoderType } from '../../src/models/architecture.ts';
import { wordPieceDefinition } from '../../src/text/index.ts';
import { tinyBert, tinyRoberta, vocabulary } from './tiny-model.ts';

const { type_vocab_size: _, ...withoutTypes } = tinyRoberta;
const { hidden_act: __, ...bert } = tinyBert;
const sizes = { vocab_size: tinyBert.vocab_size, max_position_embeddings: 24 };

/** A `config.json` of each architecture that is large enough to have several of everything. */
export const tinyEncoders: Readonly<Record<EncoderType, Readonly<Record<string, unknown>>>> = {
  bert: tinyBert,
  roberta: tinyRoberta,
  'xlm-roberta': { ...tinyRoberta, model_type: 'xlm-roberta', architectures: ['XLMRobertaModel'] },
  camembert: { ...tinyRoberta, model_type: 'camembert', architectures: ['CamembertModel'] },
  distilbert: {
    ...sizes,
    model_type: 'distilbert',
    architectures: ['DistilBertModel'],
    dim: 16,
    n_layers: 2,
    n_heads: 2,
    hidden_dim: 32,
    pad_token_id: 0,
  },
  electra: { ...tinyBert, model_type: 'electra', architectures: ['ElectraModel'], embedding_size: 8 },
  mpnet: { ...withoutTypes, model_type: 'mpnet', architectures: ['MPNetModel'] },
  albert: {
    ...tinyBert,
    model_type: 'albert',
    architectures: ['AlbertModel'],
    num_hidden_layers: 3,
    num_hidden_groups: 2,
    embedding_size: 8,
    hidden_act: 'gelu_new',
  },
  'deberta-v2': {
    ...tinyBert,
    model_type: 'deberta-v2',
    embedding_size: 8,
    architectures: ['DebertaV2Model'],
    type_vocab_size: 0,
    relative_attention: true,
    position_biased_input: false,
    position_buckets: 4,
    pos_att_type: ['p2c', 'c2p'],
    norm_rel_ebd: 'layer_norm',
    share_att_key: true,
    conv_kernel_size: 3,
  },
  modernbert: {
    ...bert,
    model_type: 'modernbert',
    architectures: ['ModernBertModel'],
    local_attention: 4,
    attention_bias: true,
    layer_types: ['sliding_attention', 'full_attention'],
    classifier_pooling: 'mean',
  },
  nomic_bert: { ...bert, model_type: 'nomic_bert', architectures: ['NomicBertModel'] },
  gte: { ...bert, model_type: 'gte', architectures: ['GteModel'], type_vocab_size: 1 },
};

/** A tokenizer that any of them reads. */
export const tinyTokenizer = {
  'tokenizer.json': JSON.stringify(wordPieceDefinition(vocabulary.join('\n'), {}, 'vocab.txt')),
  'tokenizer_config.json': JSON.stringify({ tokenizer_class: 'BertTokenizer' }),
};
