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

test('the four hundredth adapter holds no more than the first ones: none knows the parameters of the others', () => {
  const adapters = new AdapterSet(tinyClassifier());
  let count = 0;
  const bytesOf = (more: number) => {
    const before = held();
    for (let i = 0; i < more; i++) adapters.add(`task-${count++}`, lora({ rank: 1 }));
    return (held() - before) / more;
  };
  // What is compiled meanwhile is counted too: of five the one in the middle.
  const usual = () => Array.from({ length: 5 }, () => bytesOf(10)).sort((a, b) => a - b)[2];
  bytesOf(10);
  const early = usual();
  bytesOf(340);
  const late = usual();
  assert.ok(late < 1.5 * early, `${late} bytes for each of the last ones, ${early} for each of the first`);
});

test.run();
