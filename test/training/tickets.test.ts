import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { type GivenSettings, readRunConfig } from '../../src/training/index.ts';
import { ticketFolder, tickets, ticketsCsv } from '../support/tickets.ts';
import { dense, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: few tickets of a rare class');

const { evalData: _, ...others } = tinySettings;
const seeds = [1, 2, 3, 4, 5];

/** Trains on a table of a seed: the recall of the rare class on rows that chose nothing, and what the report warns of. */
async function train(folder: string, name: string, more: GivenSettings) {
  const output = join(folder, name);
  const settings: GivenSettings = {
    ...others,
    ...dense,
    ...{ data: join(folder, 'tickets.csv'), testData: join(folder, 'later.csv'), label: 'queue' },
    ...{ adapter: { kind: 'full' }, pooling: 'mean', learningRate: 3e-3, epochs: 4, ...more },
  };
  const run = await tinyRun(output, { settings });
  assert.ok(run.status === 'finished');
  const { validationSplit } = readRunConfig(output).settings;
  const classes = run.report?.parts.find((part) => part.kind === 'classes')?.classes ?? [];
  const recall = classes.find(({ name: label }) => label === 'outage')?.recall ?? Number.NaN;
  return { recall, report: run.report, validationSplit };
}

test('a part that chooses the weights, class weights and the report find a class that accuracy hides, in pairs of five seeds', async () => {
  const pairs: [before: number, after: number][] = [];
  for (const seed of seeds) {
    const folder = ticketFolder(tickets({ billing: 240, outage: 30 }, seed), {
      'later.csv': ticketsCsv(tickets({ billing: 40, outage: 40 }, 100 + seed)),
    });
    const before = await train(folder, 'before', { seed, validationSplit: 0 });
    const after = await train(folder, 'after', {
      seed,
      classWeights: 'balanced',
      metricForBestModel: 'f1_macro',
    });
    assert.deepEqual([before.validationSplit, after.validationSplit], [0, 0.1]);
    assert.match(String(after.report?.data), /later\.csv/);
    if (before.recall === 0) assert.match(String(before.report?.warnings), /never predicted: "outage"/);
    pairs.push([before.recall, after.recall]);
  }
  // All five one way have a chance of 1 in 32 where nothing changes.
  for (const [before, after] of pairs) assert.ok(after > before, JSON.stringify(pairs));
  const gain = pairs.reduce((sum, [before, after]) => sum + after - before, 0) / pairs.length;
  assert.ok(gain > 0.2, JSON.stringify(pairs));
});

test.run();
