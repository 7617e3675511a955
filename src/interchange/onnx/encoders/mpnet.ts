import { mpnetBuckets, mpnetLayer } from '../../../models/mpnet.ts';
import { bucketOf } from '../../../models/parts/relative-bias.ts';
import { distances, tableRows } from '../distances.ts';
import type { EncoderGraph, EncoderSite } from './encoder-site.ts';
import { postNormLayer } from './post-norm.ts';
import { summedEmbeddings } from './summed-embeddings.ts';

/** What all layers add to their scores: the mask, and a number of each head for the bucket of a distance, [batch, heads, rows, rows]. */
function relativeBias({ graph, mask, bias, at }: EncoderSite): string {
  const buckets = tableRows(graph, distances(graph, mask), 'buckets', (apart) => bucketOf(-apart, mpnetBuckets));
  const table = graph.exact(at('encoder.relative_attention_bias.weight')); // [buckets, heads]
  const numbers = graph.node('Transpose', [graph.node('Gather', [table, buckets])], { perm: [2, 0, 1] });
  return graph.add(bias, numbers);
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
