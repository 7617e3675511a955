import { type AlbertConfig, albertLayer } from '../../../models/albert.ts';
import type { EncoderGraph } from './encoder-site.ts';
import { postNormLayer } from './post-norm.ts';
import { summedEmbeddings } from './summed-embeddings.ts';

/** ALBERT: narrow tables that a linear layer widens, and groups of layers that act several times. */
export const albertGraph: EncoderGraph<AlbertConfig> = {
  states(site) {
    const { graph, config, at } = site;
    const { num_hidden_layers: count, num_hidden_groups: groups, inner_group_num: inner } = config;
    let x = graph.linear(summedEmbeddings(site), at('encoder.embedding_hidden_mapping_in'));
    for (let i = 0; i < count; i++) {
      const group = at(`encoder.albert_layer_groups.${Math.floor(i / (count / groups))}`);
      for (let j = 0; j < inner; j++) x = postNormLayer(site, `${group}.albert_layers.${j}`, albertLayer, x);
    }
    return x;
  },
};
