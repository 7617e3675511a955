import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import {
  type AdapterComposition,
  AdapterSet,
  type AdapterSettings,
  batchSplit,
  fusion,
  houlsby,
  lora,
  mam,
  parallel,
  pfeiffer,
  prefix,
  stack,
} from '../../src/adapters/index.ts';
import { Random } from '../../src/index.ts';
import {
  adapterFormats,
  adapterSetup,
  loadAdapterFolder,
  loadAdapterSetup,
  portableAdapter,
  readAdapterFolder,
} from '../../src/interchange/index.ts';
import { isHeadParameter, loadClassifier, type SequenceClassifier } from '../../src/models/index.ts';
import { convertAdapter, loadRun, openAdapter } from '../../src/training/index.ts';
import { readJson } from '../golden/framework.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { liven, logits, twoTexts } from '../support/adapters.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { useBackend } from '../support/on-backend.ts';
import { tinyClassifier, tinyFolder } from '../support/tiny-model.ts';

const test = suite('interchange: setups of AdapterHub');
useBackend(test, 'reference');

type Json = Readonly<Record<string, unknown>>;

const single = (name: string): Json => ({ type: 'single', children: [name] });
const setup = (type: string, children: readonly Json[], kwargs?: Json): Json => ({
  type,
  children,
  ...(kwargs && { kwargs }),
});

const small = { bottleneck: 3 };
const members: Readonly<Record<string, AdapterSettings>> = {
  a: pfeiffer.configure(small),
  b: pfeiffer.configure({ bottleneck: 2 }),
  c: houlsby.configure(small),
  left: pfeiffer.configure({ ...small, leaveOut: [0] }),
  beside: parallel.configure(small),
  both: mam.configure({ ...small, prefixLength: 2, prefixFlat: true }),
  low: lora.configure({ rank: 2 }),
  lower: lora.configure({ rank: 1 }),
  keyed: lora.configure({ rank: 2, targetModules: ['key'] }),
  before: prefix.configure({ prefixLength: 2, prefixFlat: true }),
  longer: prefix.configure({ prefixLength: 3, prefixFlat: true }),
  'a,b': fusion.configure({ adapters: ['a', 'b'] }),
};

/** What Python computed of a folder. */
interface Expected {
  readonly labels: readonly string[];
  readonly tolerance: number;
  readonly examples: readonly {
    readonly input_ids: number[];
    readonly token_type_ids?: number[];
    readonly logits: readonly number[];
  }[];
}

interface Root {
  readonly adapters?: readonly string[];
  /** The adapters whose folder has a head, with the seed of its numbers. */
  readonly heads?: Readonly<Record<string, string>>;
}

/** A model with adapters, and the folder that AdapterHub's library would save of it. */
async function saved(composition: Json, { adapters = ['a', 'b', 'c'], heads = {} }: Root = {}) {
  const model = tinyClassifier();
  const set = new AdapterSet(model);
  const files: [string, Uint8Array | string][] = [];
  for (const name of adapters) liven(set.add(name, members[name]), name);
  for (const name of adapters) {
    const mixed = name.split(',').length > 1 ? name.split(',').map((part) => set.get(part)) : undefined;
    if (heads[name]) liven({ parameters: model.parameters().filter(isHeadParameter) }, heads[name]);
    const portable = await portableAdapter(model, set.get(name), 'bert', mixed);
    for (const [file, content] of Object.entries(adapterFormats.adapterhub.write(portable, name).files)) {
      if (heads[name] === undefined && /head/.test(file)) continue;
      if (!file.includes('/')) files.push([`${name}/${file}`, content]);
    }
  }
  const root = { 'adapter_setup.json': JSON.stringify({ adapter_setup: composition, head_setup: null }) };
  return { model, set, folder: temporaryFolder({ ...Object.fromEntries(files), ...root }) };
}

test('the adapters of a setup come with their names and act as it says', async () => {
  const cases: [Json, AdapterComposition, (readonly string[])?][] = [
    [setup('Stack', ['a', 'b', 'c'].map(single)), stack('a', 'b', 'c')],
    [single('c'), stack('c')],
    [setup('BatchSplit', ['a', 'b'].map(single), { batch_sizes: [1, 1] }), batchSplit(['a', 'b'])],
    [setup('BatchSplit', ['b', 'a'].map(single), { batch_sizes: [2, 0] }), batchSplit(['b', 'b'])],
    [
      setup('Stack', [single('left'), setup('BatchSplit', ['a', 'b'].map(single), { batch_sizes: [1, 1] })]),
      stack('left', batchSplit(['a', 'b'])),
      ['left', 'a', 'b'],
    ],
    [setup('Fuse', ['a', 'b'].map(single)), 'a,b', ['a', 'b', 'a,b']],
    [setup('Stack', [single('a'), setup('Fuse', ['a', 'b'].map(single))]), stack('a', 'a,b'), ['a', 'b', 'a,b']],
    [
      setup('Stack', ['before', 'longer', 'low', 'a'].map(single)),
      stack('before', 'longer', 'low', 'a'),
      ['before', 'longer', 'low', 'a'],
    ],
    [
      setup('BatchSplit', ['low', 'lower'].map(single), { batch_sizes: [1, 1] }),
      batchSplit(['low', 'lower']),
      ['low', 'lower'],
    ],
    [
      setup('BatchSplit', ['beside', 'beside'].map(single), { batch_sizes: [1, 1] }),
      batchSplit(['beside', 'beside']),
      ['beside'],
    ],
  ];
  for (const [json, composition, adapters] of cases) {
    const { model, set, folder } = await saved(json, { adapters });
    const own = logits(model);
    set.activate(composition);
    const expected = logits(model);
    assert.notDeepEqual(expected, own);
    const other = tinyClassifier();
    const loaded = loadAdapterSetup(other, folder);
    assert.deepEqual(loaded.composition, composition);
    assert.deepEqual(logits(other), expected, JSON.stringify(json));
    assert.ok(!loaded.hasHead);
  }
});

test('a stack that the library saved computes what it computed', () => {
  const data = join(import.meta.dirname, '..', 'golden', 'data', 'adapterhub');
  const { labels, examples, tolerance } = readJson<Expected>(data, 'bert-setup-stack', 'expected.json');
  const { model } = loadClassifier(join(data, '_backbones', 'bert'), new Random(1), () => ({ labels }));
  const { composition, hasHead } = loadAdapterSetup(model, join(data, 'bert-setup-stack'));
  assert.deepEqual([composition, hasHead], [stack('a', 'b'), true]);
  for (const { input_ids: ids, token_type_ids: typeIds, logits: expected } of examples) {
    const difference = logits(model, [{ ids, typeIds }]).map((value, i) => Math.abs(value - expected[i]));
    assert.ok(Math.max(...difference) < tolerance, String(difference));
  }
});

test('what the library computes in its own way, and what is no single answer, is refused by name', async () => {
  const parts = (type: string, names: readonly string[], kwargs?: Json) => setup(type, names.map(single), kwargs);
  const sizes = { batch_sizes: [1, 1] };
  const cases: [Json, readonly string[], RegExp][] = [
    [parts('Average', ['a', 'c']), ['a', 'c'], /an Average of adapters that differ in their kind/],
    [parts('Average', ['before', 'before']), ['before'], /an Average of prefixes .* as AdapterHub has none/],
    [parts('Average', ['a', 'b'], { weights: [1] }), ['a', 'b'], /weights of Average must be a number for each/],
    [parts('Average', ['a', 'b'], { weights: [1, -1] }), ['a', 'b'], /weights of Average .* whose sum is not 0/],
    [setup('Average', [single('a'), parts('Stack', ['a', 'b'])]), ['a', 'b'], /the setup Average of compositions/],
    [parts('Parallel', ['beside', 'beside']), ['beside'], /a Parallel of parallel adapters .* cannot run it/],
    [parts('Parallel', ['a', 'c']), ['a', 'c'], /a Parallel of adapters that differ in their kind/],
    [setup('Parallel', [single('a'), parts('Stack', ['a', 'b'])]), ['a', 'b'], /the setup Parallel of compositions/],
    [parts('Split', ['a', 'b'], { splits: [1, 2] }), ['a', 'b'], /the setup Split gives each part of a text/],
    [parts('MultiTask', ['a', 'b']), ['a', 'b'], /the setup MultiTask is not supported/],
    [parts('toString', ['a', 'b']), ['a', 'b'], /the setup toString is not supported; load its adapters/],
    [parts('New\nline', ['a', 'b']), ['a', 'b'], /the setup New.* is not supported; load its adapters/],
    [setup('Stack', [single('a'), parts('Stack', ['a', 'b'])]), ['a', 'b'], /the setup Stack of compositions is not/],
    [parts('Mixture', ['a', 'b']), ['a', 'b'], /the setup Mixture is not supported; load its adapters/],
    [setup('Fuse', [single('a'), parts('Stack', ['a', 'b'])]), ['a', 'b'], /the setup Fuse of compositions/],
    [setup('BatchSplit', [single('a'), parts('Stack', ['a', 'b'])], sizes), ['a', 'b'], /BatchSplit of compositions/],
    [parts('BatchSplit', ['a', 'b']), ['a', 'b'], /batch_sizes of BatchSplit must be/],
    [parts('BatchSplit', ['a', 'b'], { batch_sizes: [1, -1] }), ['a', 'b'], /batch_sizes of BatchSplit must be/],
    [parts('BatchSplit', ['a', 'c'], sizes), ['a', 'c'], /a BatchSplit of adapters that differ in their kind/],
    [parts('BatchSplit', ['a', 'left'], sizes), ['a', 'left'], /a BatchSplit of adapters that differ/],
    [parts('BatchSplit', ['low', 'keyed'], sizes), ['low', 'keyed'], /a BatchSplit of adapters that differ/],
    [
      parts('BatchSplit', ['before', 'longer'], sizes),
      ['before', 'longer'],
      /differ in their kind, places or prefixLength/,
    ],
    [parts('Stack', ['low', 'lower']), ['low', 'lower'], /a Stack of several LoRA adapters .*sparse-adapter merge/],
    [parts('Stack', ['a', 'beside']), ['a', 'beside'], /a Stack of parallel adapters and other bottlenecks/],
    [parts('Stack', ['both', 'a']), ['both', 'a'], /a Stack of parallel adapters and other bottlenecks/],
    [setup('Stack', [single('lower'), parts('Average', ['low', 'low'])]), ['lower', 'low'], /a Stack of several LoRA/],
    [
      setup('Stack', [single('lower'), parts('BatchSplit', ['low', 'low'], sizes)]),
      ['lower', 'low'],
      /a Stack of several LoRA adapters/,
    ],
    [parts('Stack', ['a', 'gone']), ['a'], /has an adapter "gone", and there is no .*adapter_config\.json; save/],
    [{ type: 'Stack', children: [] }, [], /has no adapter_setup with a type and children/],
    [{ children: ['a'] }, [], /has no adapter_setup with a type and children/],
  ];
  for (const [json, adapters, message] of cases) {
    const { folder } = await saved(json, { adapters });
    const model = tinyClassifier();
    const count = model.parameters().length;
    assertInputError(() => loadAdapterSetup(model, folder), message);
    assert.equal(model.parameters().length, count);
  }
  assertInputError(() => loadAdapterSetup(tinyClassifier(), temporaryFolder({})), /holds no adapter_setup\.json/);
});

/** What adapters add to each other's sum, as the library takes the mean once more: Σ wᵢ rᵢ / n. */
const averaged = (factors: readonly number[], keepsValue = false): AdapterSettings => ({
  ...{ kind: 'composed', adapters: ['x', 'y'] },
  ...{ factors, keepsValue },
});

test('an average is that of the library, which divides by the number of its adapters once more', async () => {
  const of = (names: readonly string[], weights?: readonly number[]) =>
    setup('Average', names.map(single), weights && { weights });
  const cases: [Json, readonly string[], AdapterSettings][] = [
    [of(['a', 'b']), ['a', 'b'], averaged([0.25, 0.25])],
    [of(['a', 'b'], [3, 1]), ['a', 'b'], averaged([0.375, 0.125])],
    [of(['low', 'lower'], [0.75, 0.25]), ['low', 'lower'], averaged([0.375, 0.125], true)],
    [of(['beside', 'beside']), ['beside', 'beside'], averaged([0.25, 0.25], true)],
  ];
  for (const [json, adapters, { adapters: _, ...settings }] of cases) {
    const { model, set, folder } = await saved(json, { adapters: [...new Set(adapters)] });
    set.add('mean', { ...settings, adapters } as AdapterSettings);
    set.activate('mean');
    const other = tinyClassifier();
    assert.equal(loadAdapterSetup(other, folder).composition, `average(${adapters})`);
    assert.deepEqual(logits(other), logits(model), JSON.stringify(json));
    // The same within a stack.
    const within = await saved(setup('Stack', [single('left'), json]), { adapters: ['left', ...new Set(adapters)] });
    within.set.add('mean', { ...settings, adapters } as AdapterSettings);
    within.set.activate(stack('left', 'mean'));
    if (adapters[0] === 'beside') continue;
    const third = tinyClassifier();
    loadAdapterSetup(third, within.folder);
    assert.deepEqual(logits(third), logits(within.model));
  }
});

test('each adapter of a Parallel gets all texts', async () => {
  const { set, model, folder } = await saved(setup('Parallel', ['b', 'a'].map(single)), { adapters: ['a', 'b'] });
  const other = tinyClassifier();
  const { composition } = loadAdapterSetup(other, folder, { texts: 2 });
  assert.deepEqual(composition, batchSplit(['b', 'b', 'a', 'a']));
  const expected = ['b', 'a'].flatMap((name) => {
    set.activate(name);
    return logits(model);
  });
  assert.deepEqual(logits(other, [...twoTexts, ...twoTexts]), expected);
  assert.deepEqual(loadAdapterSetup(tinyClassifier(), folder).composition, batchSplit(['b', 'a']));
});

test('a stack and an average are adapters of a run, which come back as they are', async () => {
  const blocks: [Json, readonly string[]][] = [
    [setup('Stack', ['c', 'a'].map(single)), ['a', 'c']],
    [setup('Average', ['a', 'b'].map(single), { weights: [0.75, 0.25] }), ['a', 'b']],
    [setup('Stack', [single('left'), setup('Fuse', ['a', 'b'].map(single))]), ['left', 'a', 'b', 'a,b']],
    [setup('Stack', [single('left'), setup('Average', ['a', 'b'].map(single))]), ['left', 'a', 'b']],
  ];
  for (const [json, adapters] of blocks) {
    const { folder } = await saved(json, { adapters, heads: { [adapters[0]]: 'one' } });
    const model = tinyFolder({});
    const [run, hub, back] = ['run', 'hub', 'back'].map((name) => join(temporaryFolder(), name));
    await convertAdapter(folder, run, { to: 'sparse', model });
    const network = tinyClassifier();
    loadAdapterSetup(network, folder);
    const answers = (at: string) => logits(loadRun(at).model.network as SequenceClassifier);
    assert.deepEqual(answers(run), logits(network), JSON.stringify(json));
    const hasMixture = adapters.includes('left');
    if (hasMixture) {
      await assertRejectsInput(
        () => convertAdapter(run, hub, { to: 'adapterhub' }),
        /A setup with .* in it, which mixes others itself, is not written for AdapterHub; save it as 'sparse'/,
      );
      continue;
    }
    await convertAdapter(run, hub, { to: 'adapterhub' });
    assert.deepEqual(adapterSetup(hub), adapterSetup(folder));
    await convertAdapter(hub, back, { to: 'sparse' });
    for (const name of ['sparse-adapter.json', 'adapter.safetensors'])
      assert.deepEqual(readFileSync(join(back, name)), readFileSync(join(run, name)), name);
  }
});

test("the head is that of a stack's last adapter, else one that all have", async () => {
  const head = (model: ReturnType<typeof tinyClassifier>) =>
    model
      .parameters()
      .filter(isHeadParameter)
      .map(({ value }) => Array.from(value.dataSync()));
  const heads = { a: 'one', b: 'other' };
  const { model, folder } = await saved(setup('Stack', ['a', 'b'].map(single)), { adapters: ['a', 'b'], heads });
  const loaded = tinyClassifier();
  assert.ok(loadAdapterSetup(loaded, folder).hasHead);
  assert.deepEqual(head(loaded), head(model));

  const split = setup('BatchSplit', ['a', 'b'].map(single), { batch_sizes: [1, 1] });
  const several = await saved(split, { adapters: ['a', 'b'], heads });
  const other = tinyClassifier();
  const before = head(other);
  assertInputError(() => loadAdapterSetup(other, several.folder), /its adapters have different heads/);
  assert.ok(!loadAdapterSetup(other, several.folder, { head: false }).hasHead);
  assert.deepEqual(head(other), before);

  const one = await saved(split, { adapters: ['a', 'b'], heads: { a: 'one' } });
  const third = tinyClassifier();
  assert.ok(loadAdapterSetup(third, one.folder).hasHead);
  assert.deepEqual(head(third), head(one.model));
});

test('a setup that does not fit leaves the model and its adapters as they were', async () => {
  const { folder } = await saved(setup('Stack', ['c', 'a'].map(single)), { adapters: ['a', 'c'] });
  const model = tinyClassifier();
  const adapters = new AdapterSet(model);
  adapters.add('a', members.b);
  adapters.activate('a');
  const before = logits(model);
  assertInputError(() => loadAdapterSetup(model, folder, { adapters }), /There is an adapter 'a' already/);
  assert.deepEqual([adapters.names, adapters.active], [['a'], 'a']);
  assert.deepEqual(logits(model), before);
});

test('a folder of several adapters is none: the message lists them, and names what loads a setup', async () => {
  const adapters = ['a', 'b'];
  const { folder } = await saved(setup('Parallel', adapters.map(single)), { adapters });
  assert.equal(adapterSetup(folder)?.type, 'Parallel');
  for (const open of [openAdapter, readAdapterFolder]) {
    assertInputError(
      () => open(folder),
      /the setup Parallel of several adapters .* is not one adapter .*loadAdapterSetup.* "a", "b"; give one/,
    );
  }
  const split = setup('BatchSplit', adapters.map(single), { batch_sizes: [1, 1] });
  const stacked = await saved(setup('Stack', [single('a'), split]), { adapters });
  assertInputError(() => openAdapter(stacked.folder), /a Stack with a part for each sequence .*loadAdapterSetup/);
  const model = tinyClassifier();
  rmSync(join(folder, 'adapter_setup.json'));
  assertInputError(
    () => loadAdapterFolder(model, folder),
    /holds no adapter of its own, and adapters in the folders "a", "b"/,
  );
  assert.equal(loadAdapterFolder(model, join(folder, 'b')).adapter.settings.bottleneck, 2);
});

test.run();
