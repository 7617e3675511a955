import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { taken } from '../../../src/interchange/adapterhub-taken.ts';
import { EventWriter } from '../../../src/io/index.ts';
import { temporaryFolder } from '../../io/temporary.ts';
import type { EnvironmentName } from './environments.ts';
import type { Answer, Job } from './script.ts';

const losses = [0.75, -2.5, 1e-3];
const folder = temporaryFolder();
const writer = new EventWriter(folder);
for (const [i, loss] of losses.entries()) writer.scalars(10 * i, { loss, 'eval/accuracy': 1 - loss });

const events: Job & { readonly folder: string } = { id: 'events', script: 'tensorboard_read', folder };
const names: Job = { id: 'names', script: 'module_names' };

/** Questions on what is no adapter, for an environment. */
export const factJobs = (name: EnvironmentName): readonly Job[] => (name === 'transformers-5' ? [events] : [names]);

export function testFacts(answerTo: (name: EnvironmentName, job: Job) => Answer): void {
  const test = suite('peers: TensorBoard and torch');

  test('TensorBoard reads the scalars that were written', () => {
    const { scalars, error } = answerTo('transformers-5', events);
    assert.equal(error, undefined);
    const steps = (of: (loss: number) => number) => losses.map((loss, i) => [10 * i, Math.fround(of(loss))]);
    assert.deepEqual(scalars, { loss: steps((loss) => loss), 'eval/accuracy': steps((loss) => 1 - loss) });
  });

  test('the names that adapters cannot have are those that torch has taken', () => {
    assert.deepEqual([...taken].sort(), answerTo('transformers-4', names).names?.toSorted());
  });

  test.run();
}
