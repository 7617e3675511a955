import {
  type BottleneckInput,
  bottleneckInputs,
  bottleneckResiduals,
  isMoreActivation,
} from '../../adapters/bottleneck.ts';
import { Bottleneck, type Fusion } from '../../adapters/index.ts';
import { InputError } from '../../errors.ts';
import type { LayerNorm, Parameter } from '../../nn/index.ts';
import type { AttachedParts } from './attached.ts';
import type { ModelGraph } from './model-graph.ts';

/** The end of a sublayer in a graph: its input x, and the norm that ends it. */
interface SublayerNodes {
  readonly x: string;
  readonly norm: (value: string) => string;
}

/** What bottlenecks read and add to, as nodes. */
const readings = new Map<BottleneckInput, (graph: ModelGraph, h: string, site: SublayerNodes) => string>([
  [bottleneckInputs.output, (_, h) => h],
  [bottleneckInputs.normalised, (graph, h, { x, norm }) => norm(graph.add(h, x))],
  [bottleneckInputs.input, (_graph, _h, { x }) => x],
  [bottleneckResiduals.sum, (graph, h, { x }) => graph.add(h, x)],
]);

/** The result of a sublayer, norm(h' + x) with what the adapter makes of h. */
export function sublayerEnd(
  graph: ModelGraph,
  { residual }: AttachedParts,
  point: string,
  h: string,
  site: SublayerNodes,
): string {
  const module = residual.get(point);
  if (!module) return site.norm(graph.add(h, site.x));
  const changed = module instanceof Bottleneck ? bottleneck(graph, module, h, site) : fusion(graph, module, h, site);
  return module.endsSublayer ? changed : site.norm(graph.add(changed, site.x));
}

function reading(graph: ModelGraph, input: BottleneckInput, h: string, site: SublayerNodes): string {
  const nodes = readings.get(input);
  if (!nodes) throw new InputError('A bottleneck reads or adds to a value that --to onnx (to) has no nodes for.');
  return nodes(graph, h, site);
}

/** The name of a layer, whose weight is `<name>.weight`. */
const layerOf = ({ weight }: { readonly weight: Parameter }): string => weight.name.replace(/\.weight$/, '');

const normalised = (graph: ModelGraph, norm: LayerNorm, x: string): string =>
  graph.layerNorm(x, layerOf(norm), norm.eps);

/** s · up(f(down(input))) */
function contribution(graph: ModelGraph, module: Bottleneck, input: string): string {
  const { normBefore, down, up, scaling } = module;
  const { activation, scale } = module.config;
  if (isMoreActivation(activation)) {
    throw new InputError(`--to onnx (to) has no nodes for the activation ${activation}; save the run as 'sparse'.`);
  }
  const x = normBefore ? normalised(graph, normBefore, input) : input;
  const y = graph.exactLinear(graph.activation(activation, graph.exactLinear(x, layerOf(down))), layerOf(up));
  if (scale === 1) return y;
  const factor = scaling ? graph.exact(scaling.name) : graph.float(Number(scale));
  return graph.node('Mul', [y, factor]);
}

function bottleneck(graph: ModelGraph, module: Bottleneck, h: string, site: SublayerNodes): string {
  const { wiring, normAfter } = module;
  const input = reading(graph, wiring.input, h, site);
  const { residual = bottleneckInputs.output } = wiring;
  const before = residual === wiring.input ? input : reading(graph, residual, h, site);
  const added = contribution(graph, module, input);
  if (!normAfter) return graph.add(before, added);
  if (wiring.normAfter === 'sum') return normalised(graph, normAfter, graph.add(before, added));
  return graph.add(normalised(graph, normAfter, added), before);
}

/** residual + W_v Σ p_k u_k, p the softmax over k of (W_q z + b_q) · (W_k u_k + b_k). */
function fusion(graph: ModelGraph, { mixed, query, key, value }: Fusion, h: string, site: SublayerNodes): string {
  const inputs = mixed.map(({ wiring }) => reading(graph, wiring.input, h, site));
  const added = mixed.map((module, k) => contribution(graph, module, inputs[k]));
  const q = graph.exactLinear(inputs[inputs.length - 1], layerOf(query));
  const scores = added.map((u) => {
    const products = graph.node('Mul', [q, graph.exactLinear(u, layerOf(key))]);
    return graph.node('ReduceSum', [products, graph.integers([-1])], { keepdims: 1 });
  });
  const weights = graph.node('Softmax', [graph.node('Concat', scores, { axis: -1 })], { axis: -1 });
  const parts = added.map((u, k) => {
    const own = graph.node('Slice', [weights, graph.integers([k]), graph.integers([k + 1]), graph.integers([-1])]);
    return graph.node('Mul', [u, own]);
  });
  const mixture = graph.exactLinear(
    parts.reduce((total, part) => graph.add(total, part)),
    value.name.replace(/\.weight$/, ''),
  );
  const { residual = bottleneckInputs.output } = mixed[mixed.length - 1].wiring;
  return graph.add(reading(graph, residual, h, site), mixture);
}
