import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import { AdapterSet, lora } from '../../src/adapters/index.ts';
import { useBackend } from '../support/on-backend.ts';
import { tinyClassifier } from '../support/tiny-model.ts';

const test = suite('adapters: many in one model');
useBackend(test, 'wasm');

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Bytes of JavaScript objects that are held. */
function held(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

test('the hundredth adapter holds no more than the twentieth: none knows the parameters of the others', () => {
  const adapters = new AdapterSet(tinyClassifier());
  const bytesOf = (first: number, count: number) => {
    const before = held();
    for (let i = 0; i < count; i++) adapters.add(`task-${first + i}`, lora({ rank: 1 }));
    return (held() - before) / count;
  };
  bytesOf(0, 10);
  const early = bytesOf(10, 30);
  bytesOf(40, 160);
  const late = bytesOf(200, 30);
  assert.ok(late < 1.5 * early, `${late} bytes for each of the last ones, ${early} for each of the first`);
});

test.run();
