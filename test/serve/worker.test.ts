import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { type AnswerRequest, AnswererLostError, RequestQueue } from '../../src/serve/index.ts';
import { WorkerAnswerer } from '../../src/serve/worker-answerer.ts';
import { openWorkers } from '../../src/serve/worker-pool.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { runOf } from '../support/serve-runs.ts';

const test = suite('serve: worker');

const task = 'text-classification';
const path = await runOf(task);
const spec = { kind: 'model', path, task } as const;
const asking = (input: unknown): AnswerRequest => ({ task, input, options: {} });
const isValue = (outcome: object | undefined): boolean => outcome !== undefined && 'value' in outcome;

/** Ends the thread of a worker as a crash would. */
function kill(answerer: WorkerAnswerer): Promise<void> {
  return answerer.endForTest();
}
