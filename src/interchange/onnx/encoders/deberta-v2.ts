import { type DebertaConfig, debertaLayer } from '../../../models/deberta-v2.ts';
import { disentangledScores, distanceNodes } from './disentangled-scores.ts';
import type { EncoderGraph } from './encoder-site.ts';
import { postNormLayer } from './post-norm.ts';
import { summedEmbeddings } from './summed-embeddings.ts';
import { withConvolution } from './token-convolution-nodes.ts';

/** DeBERTa v2 and v3: BERT whose scores know the distance of query and key as a vector, with a convolution beside the first layer. */
export const debertaV2Graph: EncoderGraph<DebertaConfig> = {
  states(site) {
    const { config, at } = site;
    const distances = distanceNodes(site);
    return Array.from({ length: config.num_hidden_layers }).reduce<string>((x, _, i) => {
      const path = at(`encoder.layer.${i}`);
      const made = postNormLayer(site, path, debertaLayer, x, disentangledScores(site, path, distances));
      return i === 0 ? withConvolution(site, x, made) : made;
    }, summedEmbeddings(site));
  },
};
