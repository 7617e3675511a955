import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { type Adapter, type AdapterSettings, adapterFamilies, completeSettings } from '../../src/adapters/index.ts';
import { Random } from '../../src/index.ts';
import type { SequenceClassifier } from '../../src/models/index.ts';
import { prune, pruningMethods, pruningScopes } from '../../src/pruning/index.ts';
import { adapterSetFor, logitsTensor, smallSettings, titleOf, twoTexts } from '../support/adapters.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { weightsOf } from '../support/parameters.ts';
import { tinyClassifier } from '../support/tiny-model.ts';
import { total } from '../support/values.ts';

const test = suite('pruning: all methods on all families');

/** The model's only active adapter, initialised to be pruned, beside those that it mixes. */
function attach(model: SequenceClassifier, settings: AdapterSettings): Adapter {
  const set = adapterSetFor(model, settings);
  const adapter = set.add('default', completeSettings(settings, { pruned: true }));
  set.activate(adapter.name);
  return adapter;
}

const prunable = adapterFamilies().filter(
  ({ kind, hasPrunable }) => hasPrunable !== false && !kind.startsWith('test-'),
);
for (const { kind } of prunable) {
  for (const settings of smallSettings[kind]) {
    onEveryBackend(test, titleOf(settings), async () => {
      const model = tinyClassifier();
      const adapter = attach(model, settings);
      assert.ok(adapter.prunable.length > 0);
      assert.deepEqual(new Set(adapter.chains.flat()), new Set(adapter.prunable));
      const { base } = adapter.parts;
      const losses = twoTexts.map((text, i) => () => model.loss(logitsTensor(model, [text]), [i]));
      const start = adapter.prunable.map(weightsOf);
      for (const { name, iterations } of pruningMethods().filter((method) => !method.name.startsWith('test-'))) {
        for (const scope of pruningScopes) {
          for (const rounds of [iterations, 3]) {
            adapter.prunable.forEach((parameter, i) => {
              parameter.load(start[i], null);
            });
            const options = { method: name, sparsity: 0.4, scope, iterations: rounds, losses, random: new Random(1) };
            const report = await prune({ ...options, parameters: adapter.prunable, chains: adapter.chains, base });
            const sizes = adapter.prunable.map(({ size }) => size);
            const removed = (n: number) => Math.floor(0.4 * n + 0.5);
            const expected = scope === 'global' ? removed(total(sizes)) : total(sizes.map(removed));
            assert.equal(report.total - report.kept, expected, `${name} ${scope} in ${rounds} rounds`);
          }
        }
      }
    });
  }
}

test.run();
