import { InputError } from '../errors.ts';
import { add } from '../ops/arithmetic.ts';
import type { AdaptableModel, Adapter } from './adapter.ts';
import { Bottleneck, type BottleneckConfig } from './bottleneck.ts';

/** AdapterHub's `HoulsbyConfig` (`double_seq_bn`) with the bottleneck width of the paper. */
export const houlsbyDefaults: BottleneckConfig = {
  bottleneck: 64,
  activation: 'swish',
  init: 'bert',
  form: 'adapterhub',
  dropout: 0,
};

/** The adapter of the SparseAdapter authors' code: ReLU, a trained LayerNorm on the input, dropout inside. */
export const sparseAdapterForm: BottleneckConfig = {
  bottleneck: 64,
  activation: 'relu',
  init: 'bert',
  form: 'sparse-adapter',
  dropout: 0.1,
};

/**
 * Attaches Houlsby adapters (Houlsby et al., 2019): a bottleneck with a residual connection behind the attention and behind the
 * feed-forward sublayer of every layer, norm(h + up(f(down(h))) + x).
 *
 * @param name names the parameters, `<point>.adapters.<name>.adapter_down.0.weight`
 * @throws InputError if the bottleneck is not a positive whole number
 * @throws Error if an adapter is attached already
 */
export function attachHoulsby(
  model: AdaptableModel,
  config: Partial<BottleneckConfig> = {},
  name = 'default',
): Adapter {
  const full = { ...(config.form === 'sparse-adapter' ? sparseAdapterForm : houlsbyDefaults), ...config };
  if (!Number.isInteger(full.bottleneck) || full.bottleneck < 1) {
    throw new InputError(`The bottleneck must be a positive whole number, not ${full.bottleneck}.`);
  }
  const points = model.encoder.residualPoints;
  const taken = points.find((point) => point.adapter !== null);
  if (taken) throw new Error(`${taken.name} has an adapter already; detach it before another one is attached.`);
  const before = new Set(model.parameters());
  const modules = points.map((point) => {
    const module = new Bottleneck(model.root, point, name, full);
    point.adapter = ({ h, x, norm, random }) => norm(add(add(h, module.forward(h, random)), x));
    return module;
  });
  const parameters = model.parameters().filter((parameter) => !before.has(parameter));
  let attached = true;
  return {
    name,
    parameters,
    prunable: modules.flatMap(({ down, up }) => [down.weight, up.weight]),
    detach: () => {
      if (!attached) return;
      attached = false;
      for (const point of points) point.adapter = null;
      model.root.remove(parameters);
    },
  };
}
