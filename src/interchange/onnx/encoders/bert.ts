import { architectureOf } from '../../../models/index.ts';
import type { EncoderGraph, EncoderSite } from './encoder-site.ts';
import { postNormLayer } from './post-norm.ts';
import { summedEmbeddings } from './summed-embeddings.ts';

/** The layers of BERT, under the names that an architecture has for them, on the output of its embeddings. */
export function layersOfBert(site: EncoderSite, embedded: string): string {
  const { config, at } = site;
  const { layerNames: names, layers, title } = architectureOf(config.model_type);
  if (!names) throw new Error(`${title} has no layers of BERT.`);
  const stack = layers(config);
  return Array.from({ length: stack.count }).reduce<string>(
    (x, _, i) => postNormLayer(site, at(`${stack.at}.${i}`), names, x),
    embedded,
  );
}

/** BERT and all whose layers are BERT's. */
export const bertGraph: EncoderGraph = {
  states: (site) => layersOfBert(site, summedEmbeddings(site)),
};
