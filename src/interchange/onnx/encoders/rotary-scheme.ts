import { InputError } from '../../../errors.ts';
import type { RotaryAngles } from '../../../models/parts/rotary.ts';
import type { EncoderSite } from './encoder-site.ts';
import type { GraphScheme } from './self-attention-nodes.ts';

/** The sines or cosines of all places that a model has [places, size / 2], of which those of the rows are read twice: [rows, size]. */
function waves({ graph, config, mask }: EncoderSite, kind: 'cos' | 'sin', { speeds, scale }: RotaryAngles): string {
  const { max_position_embeddings: count } = config;
  const half = speeds.length;
  const values = new Float32Array(count * half);
  for (let i = 0; i < values.length; i++) values[i] = scale * Math[kind](Math.floor(i / half) * speeds[i % half]);
  const table = graph.floats(`${kind}_${scale}_${speeds.join('_')}`, values, [count, half]);
  const end = graph.node('Shape', [mask], { start: 1, end: 2 });
  const rows = graph.node('Slice', [table, graph.integers([0]), end, graph.integers([0])]);
  // The first number of a pair goes down by the sine of the second, which goes up by that of the first.
  const first = kind === 'sin' ? graph.node('Neg', [rows]) : rows;
  return graph.node('Concat', [first, rows], { axis: -1 });
}

/** Rotary positions: numbers k and k + size / 2 of a head are turned by an angle that grows with the place. @throws InputError for one that depends on the text */
export function rotary(site: EncoderSite, angles: RotaryAngles): GraphScheme {
  if (angles.longer) {
    throw new InputError(
      "--to onnx (to) has no nodes for rotary positions that long texts have otherwise (longrope); save it as 'sparse' or 'huggingface'.",
    );
  }
  const { graph, bias } = site;
  const [cosines, sines] = (['cos', 'sin'] as const).map((kind) => waves(site, kind, angles));
  const turned = (x: string) => {
    const [first, second] = graph.split(x, 2);
    const other = graph.node('Concat', [second, first], { axis: -1 });
    return graph.add(graph.node('Mul', [x, cosines]), graph.node('Mul', [other, sines]));
  };
  return ({ query, key }) => ({ query: turned(query), key: turned(key), bias });
}
