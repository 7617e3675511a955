import type { ParameterPath } from '../nn/index.ts';
import type { Architecture } from './architecture.ts';
import type { EncoderConfig } from './config.ts';
import { Encoder } from './encoder.ts';
import { bertEntries, bertSizes } from './encoder-schema.ts';
import { headDropout, plainHeads, pooledHead } from './heads.ts';
import { SummedEmbeddings } from './parts/embeddings.ts';
import { type LayerNames, postNormLayer } from './parts/post-norm-layer.ts';

/** The names in `bert.encoder.layer.0`. */
const layerNames: LayerNames = {
  query: 'attention.self.query', // [hidden, hidden]
  key: 'attention.self.key', // [hidden, hidden]
  value: 'attention.self.value', // [hidden, hidden]
  self: 'attention.self',
  attentionDense: 'attention.output.dense', // [hidden, hidden]
  attentionNorm: 'attention.output.LayerNorm',
  attentionEnd: 'attention.output',
  inner: 'intermediate.dense', // [intermediate, hidden]
  dense: 'output.dense', // [hidden, intermediate]
  norm: 'output.LayerNorm',
  end: 'output',
};

/** The layers of BERT below `bert`. */
export const layersOfBert = (path: ParameterPath, config: EncoderConfig) =>
  Array.from({ length: config.num_hidden_layers }, (_, i) =>
    postNormLayer(path.at(`encoder.layer.${i}`), config, layerNames),
  );

/** The encoder of BERT at `bert`. */
export const bertEncoder = (path: ParameterPath, config: EncoderConfig): Encoder =>
  new Encoder(path.prefix, config, {
    embeddings: new SummedEmbeddings(path.at('embeddings'), config),
    layers: layersOfBert(path, config),
  });

/** BERT (Devlin et al., 2019). */
export const bert: Architecture<EncoderConfig, typeof bertEntries> = {
  type: 'bert',
  title: 'BERT',
  classes: ['Bert'],
  prefix: 'bert',
  padTokenId: 0,
  entries: bertEntries,
  sizes: bertSizes,
  build: bertEncoder,
  heads(config) {
    const pooled = pooledHead('bert.pooler.dense', headDropout(config));
    return { text: pooled, choice: pooled, ...plainHeads(headDropout(config)) };
  },
  layerNames,
  layers: ({ num_hidden_layers: count }) => ({ at: 'encoder.layer', field: 'num_hidden_layers', count }),
};
