import type { ParameterPath } from '../../nn/index.ts';
import { FeedForward } from './feed-forward.ts';
import { TransformerLayer } from './layer.ts';
import { type AttentionScheme, SelfAttention } from './self-attention.ts';
import type { LayerSizes } from './sizes.ts';
import { PostNorm } from './sublayer.ts';

/** The names of a layer's modules below its own, as in the checkpoint, and those of the points that are no modules. */
export interface LayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  /** The point of keys and values. */
  readonly self: string;
  readonly attentionDense: string;
  readonly attentionNorm: string;
  /** The point where the attention ends. */
  readonly attentionEnd: string;
  readonly inner: string;
  readonly dense: string;
  readonly norm: string;
  /** The point where the layer ends. */
  readonly end: string;
}

/** The layer of BERT and its relatives: post-norm attention, then a post-norm perceptron. */
export function postNormLayer(
  path: ParameterPath,
  sizes: LayerSizes,
  names: LayerNames,
  scheme?: AttentionScheme,
): TransformerLayer {
  const { hidden_size, intermediate_size } = sizes;
  const at = (name: keyof LayerNames) => path.at(names[name]);
  return new TransformerLayer(path.prefix, {
    attention: new SelfAttention([at('query'), at('key'), at('value'), at('self')], sizes, scheme),
    attentionEnd: new PostNorm(
      'attention',
      [at('attentionDense'), at('attentionNorm'), at('attentionEnd')],
      hidden_size,
      sizes,
    ),
    inner: new FeedForward(at('inner'), sizes),
    end: new PostNorm('feedForward', [at('dense'), at('norm'), at('end')], intermediate_size, sizes),
  });
}
