import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { setBackend } from '../../src/index.ts';
import { openSafetensors } from '../../src/io/index.ts';
import { convertAdapter, evaluateRun, type GivenSettings, WEIGHTS } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { dense, stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';

/** Runs of the adapters that store more than they train, have masks from the start, or lengthen their texts. */
const test = suite('training: adapters of PEFT');
test.before(async () => {
  await setBackend('wasm', { threads: 1 });
});
test.after(async () => {
  await setBackend('wasm');
});

const runs: Readonly<Record<string, Partial<GivenSettings>>> = {
  'prompt-tuning': { ...dense, adapter: { kind: 'prompt-tuning', promptLength: 3 } },
  'prompt-tuning, pruned': {
    adapter: { kind: 'prompt-tuning', promptLength: 3 },
    pruning: 'magnitude',
    pruningExamples: undefined,
  },
  vera: { ...dense, adapter: { kind: 'vera', rank: 4, dropout: 0.1 } },
  'shira at random places': { ...dense, adapter: { kind: 'shira', rank: 2 } },
  'shira at places of SNIP': { adapter: { kind: 'shira' }, pruning: 'snip', sparsity: 0.9 },
  'lora on embeddings': { ...dense, adapter: { kind: 'lora', rank: 2, targetModules: ['word_embeddings', 'query'] } },
};

for (const [name, own] of Object.entries(runs)) {
  test(`${name}: a stopped run goes on to the same bits, and PEFT's folder brings them back`, async () => {
    const settings = { ...tinySettings, ...own };
    const [whole, stopped] = [0, 1].map(() => join(temporaryFolder(), 'run'));
    const result = await tinyRun(whole, { settings });
    assert.equal(result.status, 'finished');
    await stoppedRun(stopped, 2, { settings });
    await tinyRun(stopped, { settings, resume: true });
    assert.ok(readFileSync(join(stopped, WEIGHTS)).equals(readFileSync(join(whole, WEIGHTS))));
    const [folder, back] = [0, 1].map(() => join(temporaryFolder(), 'converted'));
    await convertAdapter(whole, folder, { to: 'peft' });
    await convertAdapter(folder, back, { to: 'sparse', model: tinySettings.model });
    assert.ok(readFileSync(join(back, WEIGHTS)).equals(readFileSync(join(whole, WEIGHTS))), 'back from PEFT');
    assert.deepEqual((await evaluateRun(back)).metrics, (await evaluateRun(whole)).metrics);
  });
}

test('the file of shira has its weights alone, and that of vera its random matrices', async () => {
  const namesOf = async (own: Partial<GivenSettings>) => {
    const output = join(temporaryFolder(), 'run');
    await tinyRun(output, { settings: { ...tinySettings, ...own } });
    const file = openSafetensors(join(output, WEIGHTS));
    const names = file.names().filter((name) => /shira|vera_[AB]/.test(name));
    const sizes = names.map((name) => file.info(name).shape);
    file.close();
    return { names, sizes };
  };
  const { names, sizes } = await namesOf(runs['shira at random places']);
  assert.equal(names.filter((name) => name.endsWith('.values')).length, 4);
  assert.ok(names.every((name, i) => !name.endsWith('.values') || sizes[i][0] === 64));
  assert.deepEqual((await namesOf(runs.vera)).names, ['vera_A.default', 'vera_B.default']);
});

test.run();
