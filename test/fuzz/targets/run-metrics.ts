import assert from 'node:assert/strict';
import { InputError } from '../../../src/errors.ts';
import { scoreNames } from '../../../src/metrics/index.ts';
import { readRunMetrics } from '../../../src/training/index.ts';
import { heldObject, runFile } from '../inputs.ts';
import type { Target } from '../target.ts';

const { seeds: whole, write, folder } = await runFile('metrics.json');
const ofEarly = (seed: Uint8Array) => ({ ...heldObject(seed), stopped_early: { planned_steps: 12, patience: 2 } });
const seeds = [...whole, ...whole.map((seed) => new TextEncoder().encode(JSON.stringify(ofEarly(seed))))];

// What a `metrics.json` may hold, said once more and without the library of schemas.

type Check = (value: unknown) => boolean;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const finite: Check = Number.isFinite;
const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const positive: Check = (value) => count(value) && value !== 0;
const amount: Check = (value) => Number.isFinite(value) && Number(value) >= 0;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const fields =
  (checks: Readonly<Record<string, Check>>, mayLack: readonly string[] = []): Check =>
  (value) =>
    isObject(value) &&
    Object.keys(value).every((name) => Object.hasOwn(checks, name)) &&
    Object.entries(checks).every(([name, check]) =>
      Object.hasOwn(value, name) ? check(value[name]) : mayLack.includes(name),
    );
const scores = fields(Object.fromEntries(scoreNames.map((name) => [name, orNull(finite)])), scoreNames);
const word: Check = (value) => typeof value === 'string' && value !== '';
const kept = fields({ step: count, metric: word, score: finite, chosen_by: (value) => value === 'evaluation rows' });
const isMetrics = fields(
  {
    metrics: orNull(scores),
    test_metrics: scores,
    kept,
    stopped_early: fields({ planned_steps: count, patience: positive }),
    trained_parameters: fields({ adapter: count, head: count }),
    backbone_parameters: count,
    steps: count,
    history: list(fields({ step: count, metrics: scores })),
    epoch_losses: list(finite),
    seconds: fields({ pruning: amount, training: amount, evaluation: amount }),
    tokens_per_second: orNull(amount),
    fingerprint: word,
  },
  ['test_metrics', 'kept', 'stopped_early', 'fingerprint'],
);

export const target: Target = {
  kind: 'json',
  seeds,
  read: (input) => {
    write(input);
    try {
      const read = readRunMetrics(folder);
      assert.ok(isMetrics(heldObject(input)), 'what is none was taken for metrics');
      assert.deepEqual(JSON.parse(JSON.stringify(read)), heldObject(input));
    } catch (error) {
      if (error instanceof InputError)
        assert.ok(!isMetrics(heldObject(input)), `metrics were refused: ${error.message}`);
      throw error;
    }
  },
};
