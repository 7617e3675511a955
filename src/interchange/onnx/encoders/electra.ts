import { layersOfBert } from './bert.ts';
import type { EncoderGraph } from './encoder-site.ts';
import { summedEmbeddings } from './summed-embeddings.ts';

/** ELECTRA: BERT with narrower tables, which a linear layer widens where the sizes differ. */
export const electraGraph: EncoderGraph = {
  states(site) {
    const { graph, at } = site;
    const narrow = summedEmbeddings(site);
    const projection = at('embeddings_project');
    return layersOfBert(site, graph.has(`${projection}.weight`) ? graph.linear(narrow, projection) : narrow);
  },
  // A summary without a projection.
  headLayer: (_, x) => x,
};
