import type { DebertaConfig } from '../../../models/deberta-v2.ts';
import type { EncoderSite } from './encoder-site.ts';

/** What a layer made with a convolution of its input x beside it: norm(made + act(conv(x))). */
export function withConvolution(site: EncoderSite<DebertaConfig>, x: string, made: string): string {
  const { graph, config, mask, at } = site;
  const { convolution, layer_norm_eps } = config;
  if (!convolution) return made;
  const { kernel, groups, act } = convolution;
  const wide = graph.node('Unsqueeze', [mask, graph.integers([2])]);
  // Padding is to the convolution what is outside of a text.
  const tokens = graph.node('Mul', [x, graph.node('Cast', [wide], { to: { type: 'float32' } })]);
  const columns = graph.node('Transpose', [tokens], { perm: [0, 2, 1] });
  const weight = graph.table(at('encoder.conv.conv.weight')); // [hidden, hidden / groups, kernel]
  const bias = graph.exact(at('encoder.conv.conv.bias'));
  const side = (kernel - 1) / 2;
  const beside = graph.node('Conv', [columns, weight, bias], {
    group: groups,
    kernel_shape: [kernel],
    pads: [side, side],
  });
  const rows = graph.node('Transpose', [beside], { perm: [0, 2, 1] });
  return graph.layerNorm(graph.add(made, graph.activation(act, rows)), at('encoder.conv.LayerNorm'), layer_norm_eps);
}
