import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { Sharing } from '../../src/backends/wasm/sharing.ts';

const test = suite('wasm: when kernels are shared');

const SMALL = 1 << 17;
const LARGE = 1 << 23;

/** Kernels of a millisecond one after the other, of which the main thread does 10 units at this pace. @returns the time after them */
function share(
  sharing: Sharing,
  count: number,
  { others, waited }: { others: number; waited: number },
  from = 0,
): number {
  let now = from;
  for (let i = 0; i < count && sharing.isOn(now); i++) {
    sharing.shared({ start: now, end: now + 1, allEnd: now + 1 + waited }, { pieces: 5, units: 10, pace: 0.1 }, others);
    now += 1 + waited;
  }
  return now;
}

test('one short text wakes nobody, with or without texts before it; a long series and a large kernel do', () => {
  const sharing = new Sharing();
  let now = 0;
  for (let text = 0; text < 20; text++) {
    for (let kernel = 0; kernel < 40; kernel++) {
      assert.equal(sharing.isWorthWaking(SMALL, now), false);
      sharing.alone(now, now + 0.2);
      now += 0.25;
    }
    now += 20;
  }
  assert.ok(sharing.isWorthWaking(LARGE, now));
  for (let kernel = 0; kernel < 200; kernel++) {
    sharing.alone(now, now + 0.2);
    now += 0.21;
  }
  assert.ok(sharing.isWorthWaking(SMALL, now));
  assert.equal(sharing.isWorthWaking(SMALL, now + 40), false);
});

test('kernels are shared as long as others save more than waiting for them costs', () => {
  const sharing = new Sharing();
  const end = share(sharing, 1000, { others: 10, waited: 0.1 });
  assert.ok(sharing.isOn(end));
  // Once halted for longer than a time slice.
  const later = share(sharing, 1, { others: 10, waited: 6 }, end);
  assert.ok(sharing.isOn(later));
});

test('where waiting costs more, the main thread goes on alone, for longer if it happens again', () => {
  const sharing = new Sharing();
  const pauses: number[] = [];
  let now = 0;
  for (let time = 0; time < 12; time++) {
    now = share(sharing, 1000, { others: 2, waited: 3 }, now);
    assert.equal(sharing.isOn(now), false);
    const start = now;
    while (!sharing.isOn(now)) now += 1;
    pauses.push(now - start);
  }
  assert.ok(pauses[0] < 30);
  assert.ok(pauses.every((pause, i) => i === 0 || pause >= pauses[i - 1]));
  assert.ok(pauses[11] > 1000 && pauses[11] < 2000);
  // And comes back where others help again.
  now = share(sharing, 200, { others: 10, waited: 0 }, now);
  now = share(sharing, 1000, { others: 2, waited: 3 }, now);
  const start = now;
  while (!sharing.isOn(now)) now += 1;
  assert.ok(now - start < 30);
});

test('helpers that always come too late are left alone', () => {
  const sharing = new Sharing();
  assert.equal(sharing.isOn(share(sharing, 100, { others: 0, waited: 0 })), false);
});

test('by a single piece of its own the main thread cannot tell how fast it is: only long waits count', () => {
  const sharing = new Sharing();
  const one = { pieces: 1, units: 10, pace: 0.1 };
  for (let i = 0; i < 100; i++) sharing.shared({ start: 2 * i, end: 2 * i + 1, allEnd: 2 * i + 1.5 }, one, 10);
  assert.ok(sharing.isOn(200));
  sharing.shared({ start: 200, end: 201, allEnd: 206 }, one, 10);
  assert.equal(sharing.isOn(206), false);
});

test.run();
