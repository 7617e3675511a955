import { join } from 'node:path';
import {
  Classifier,
  Embedder,
  houlsby,
  QuestionAnswering,
  Seq2Seq,
  TokenClassifier,
} from '../../src/finetune/index.ts';
import type { PipelineTask } from '../../src/serve/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { tinyBartFolder } from './tiny-bart.ts';
import { tinyFolder } from './tiny-model.ts';

const folder = tinyFolder();
const options = { maxLength: 20 };

const models = {
  'text-classification': () => Classifier.fromPretrained(folder, { ...options, labels: ['bad', 'fine', 'good'] }),
  'token-classification': () =>
    TokenClassifier.fromPretrained(folder, { ...options, labels: ['O', 'B-thing', 'I-thing', 'B-word', 'I-word'] }),
  'question-answering': () => QuestionAnswering.fromPretrained(folder, options),
  summarization: () => Seq2Seq.fromPretrained(tinyBartFolder(), options),
  'feature-extraction': () => Embedder.fromPretrained(folder, options),
};

/** A run of a task that has learnt nothing: its adapter and its head are drawn, half of the adapter is pruned. */
export async function runOf(task: PipelineTask): Promise<string> {
  const model = await models[task]();
  const path = join(temporaryFolder(), task);
  model.addAdapter(houlsby({ bottleneck: 8 }));
  await model.prune({ method: 'random', sparsity: 0.5 });
  await model.savePretrained(path);
  model.dispose();
  return path;
}
