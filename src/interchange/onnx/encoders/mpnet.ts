import { mpnetBuckets, mpnetLayer } from '../../../models/mpnet.ts';
import { distances } from '../distances.ts';
import { relativeNumbers } from '../relative-numbers.ts';
import type { EncoderGraph, EncoderSite } from './encoder-site.ts';
import { postNormLayer } from './post-norm.ts';
import { summedEmbeddings } from './summed-embeddings.ts';

/** What all layers add to their scores: the mask, and a number of each head for the bucket of a distance, [batch, heads, rows, rows]. */
function relativeBias({ graph, mask, bias, at }: EncoderSite): string {
  const table = at('encoder.relative_attention_bias.weight');
  return graph.add(bias, relativeNumbers(graph, distances(graph, mask), table, mpnetBuckets));
}

/** MPNet: RoBERTa without token types, whose scores have a bias for the distance of query and key. */
export const mpnetGraph: EncoderGraph = {
  states(site) {
    const { config, at } = site;
    const bias = relativeBias(site);
    return Array.from({ length: config.num_hidden_layers }).reduce<string>(
      (x, _, i) => postNormLayer(site, at(`encoder.layer.${i}`), mpnetLayer, x, (heads) => ({ ...heads, bias })),
      summedEmbeddings(site),
    );
  },
};
