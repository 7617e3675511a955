import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
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
import { isHeadParameter, loadClassifier } from '../../src/models/index.ts';
import { openAdapter } from '../../src/training/index.ts';
import { readJson } from '../golden/framework.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { liven, logits } from '../support/adapters.ts';
import { useBackend } from '../support/on-backend.ts';
import { tinyClassifier } from '../support/tiny-model.ts';

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
    [
      parts('Average', ['a', 'b']),
      ['a', 'b'],
      /the setup Average is not supported, as .* divides .* once more; .*average_adapter/,
    ],
    [parts('Parallel', ['a', 'b']), ['a', 'b'], /the setup Parallel has an output for each of its adapters/],
    [parts('Split', ['a', 'b'], { splits: [1, 2] }), ['a', 'b'], /the setup Split gives each part of a text/],
    [parts('MultiTask', ['a', 'b']), ['a', 'b'], /the setup MultiTask is not supported/],
    [parts('toString', ['a', 'b']), ['a', 'b'], /the setup toString is not supported; load its adapters/],
    [parts('New\nline', ['a', 'b']), ['a', 'b'], /the setup New.* is not supported; load its adapters/],
    [setup('Stack', [single('a'), parts('Stack', ['a', 'b'])]), ['a', 'b'], /the setup Stack of compositions is not/],
    [parts('Mixture', ['a', 'b']), ['a', 'b'], /the setup Mixture is not supported; load its adapters/],
    [setup('Stack', [single('a'), parts('Average', ['a', 'b'])]), ['a', 'b'], /the setup Average/],
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
  const { folder } = await saved(setup('Stack', adapters.map(single)), { adapters });
  assert.equal(adapterSetup(folder)?.type, 'Stack');
  for (const open of [openAdapter, readAdapterFolder]) {
    assertInputError(() => open(folder), /the setup Stack of several adapters .*loadAdapterSetup.* "a", "b"; give one/);
  }
  const parallels = await saved(setup('Parallel', adapters.map(single)), { adapters });
  assertInputError(
    () => openAdapter(parallels.folder),
    /the setup Parallel .* is not one adapter, and .* "a", "b"; give/,
  );
  const model = tinyClassifier();
  rmSync(join(folder, 'adapter_setup.json'));
  assertInputError(
    () => loadAdapterFolder(model, folder),
    /holds no adapter of its own, and adapters in the folders "a", "b"/,
  );
  assert.equal(loadAdapterFolder(model, join(folder, 'b')).adapter.settings.bottleneck, 2);
});

test.run();
