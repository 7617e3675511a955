import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  type Adapter,
  type AdapterSet,
  type AdapterSettings,
  lora,
  toSparseTensors,
} from '../../src/adapters/index.ts';
import { Random } from '../../src/index.ts';
import {
  type AdapterFormatName,
  adapterFormats,
  checkpointFiles,
  loadAdapterFolder,
  portableAdapter,
  readAdapterFolder,
} from '../../src/interchange/index.ts';
import { parseSafetensors, serializeSafetensors } from '../../src/io/index.ts';
import { type HeadOptions, isHeadParameter, loadClassifier, type SequenceClassifier } from '../../src/models/index.ts';
import type { Parameter } from '../../src/nn/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import {
  adapterSetFor,
  liven,
  loadedSettings,
  logits,
  maskRandomly,
  smallSettings,
  titleOf,
} from '../support/adapters.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { type Adapted, type AdaptedOptions, stateOf, trainedAdapter, writtenFolder } from '../support/portable.ts';
import { forAllAsync } from '../support/property.ts';
import { tinyBert, tinyClassifier, tinyFolder, tinyRoberta } from '../support/tiny-model.ts';

const test = suite('interchange: round trips');

const onlyLoaded = loadedSettings.map(({ kind }) => kind);

/** The small adapters that a format can express. */
const expressible: Readonly<Record<AdapterFormatName, (settings: AdapterSettings) => boolean>> = {
  peft: ({ kind, prefixShiftsPositions = false }) =>
    ['lora', 'ia3', 'ln-tuning', 'prompt-tuning', 'shira', 'vera', ...onlyLoaded].includes(kind) ||
    prefixShiftsPositions === true,
  adapterhub: ({ kind, targetModules, rslora, dora, loraBias, bias, modulesToSave, prefixShiftsPositions }) =>
    !['full', 'fusion', 'bitfit', 'ia3', 'ln-tuning', 'prompt-tuning', 'shira', 'vera', ...onlyLoaded].includes(kind) &&
    !(Array.isArray(targetModules) && targetModules.includes('word_embeddings')) &&
    ![rslora, dora, loraBias, bias, modulesToSave, prefixShiftsPositions].some(Boolean),
};
const shifted: AdapterSettings = { kind: 'prefix', prefixLength: 2, prefixFlat: true, prefixShiftsPositions: true };
const cases = (Object.keys(expressible) as AdapterFormatName[]).flatMap((format) =>
  [...Object.values(smallSettings).flat(), ...loadedSettings, shifted]
    .filter(expressible[format])
    .map((settings) => ({ format, settings })),
);

const savedOf = ({ model, adapter }: Adapted) => [...adapter.parameters, ...model.parameters().filter(isHeadParameter)];

/** A fresh model of the same kind with the adapter of a folder. */
function reloaded(folder: string, { config = tinyBert, classifier = { labels: ['no', 'yes'] } }: AdaptedOptions) {
  const model: SequenceClassifier = tinyClassifier(classifier, { config, seed: 99 });
  const { adapter, hasHead, stored } = loadAdapterFolder(model, folder);
  assert.ok(hasHead);
  return { model, adapter, stored };
}

const options: fc.Arbitrary<AdaptedOptions> = fc.record({
  config: fc.constantFrom(tinyBert, tinyRoberta),
  classifier: fc.constantFrom({ labels: ['no', 'yes'] }, { labels: ['b', 'a', 'c'] }, { labels: null }),
  pruned: fc.boolean(),
  seed: fc.nat(),
});

async function sparseFile(adapted: Adapted): Promise<Uint8Array> {
  const { tensors, metadata } = await toSparseTensors(savedOf(adapted));
  return serializeSafetensors(tensors, metadata);
}

for (const { format, settings } of cases) {
  onEveryBackend(test, `${titleOf(settings)}: through ${format} and back, bit for bit`, () =>
    forAllAsync(
      options,
      async (given) => {
        const original = trainedAdapter(settings, given);
        const folder = await writtenFolder(original, format);
        const copy = reloaded(folder, given);
        assert.deepEqual(stateOf(savedOf(copy)), stateOf(savedOf(original)));
        assert.deepEqual(logits(copy.model), logits(original.model));
        // So dense files become sparse ones again, and the same dense ones.
        assert.deepEqual(await sparseFile(copy), await sparseFile(original));
        const again = await writtenFolder(copy, format);
        for (const name of [
          'adapter_config.json',
          format === 'peft' ? 'adapter_model.safetensors' : 'adapter.safetensors',
        ]) {
          const [first, second] = [folder, again].map((path) => readFileSync(join(path, name)));
          assert.deepEqual(second, first, name);
        }
        if (format === 'adapterhub') assert.deepEqual(copy.stored.labels, given.classifier?.labels);
      },
      8,
    ),
  );
}

/** Adapters of several others, which AdapterHub has in folders. */
const mixing: readonly AdapterSettings[] = [
  ...smallSettings.fusion,
  { kind: 'composed', adapters: ['pfeiffer-1', 'houlsby-2'] },
  { kind: 'composed', adapters: ['parallel-1', 'parallel-2'], factors: [0.375, 0.125], keepsValue: true },
];
for (const settings of mixing) {
  const names = settings.adapters as readonly string[];
  onEveryBackend(test, `${titleOf(settings)}: with those that it mixes through adapterhub and back, bit for bit`, () =>
    forAllAsync(
      options,
      async ({ config, classifier = { labels: ['no', 'yes'] }, pruned, seed }) => {
        const model = tinyClassifier(classifier, { config });
        const set = adapterSetFor(model, settings);
        const adapter = set.add('default', settings);
        set.activate('default');
        const mixed = names.map((name) => set.get(name));
        liven({ parameters: savedOf({ model, adapter }) }, seed);
        if (pruned) for (const { prunable } of [adapter, ...mixed]) maskRandomly(prunable, seed);
        const portable = await portableAdapter(model, adapter, 'tiny', mixed);
        const folder = temporaryFolder(adapterFormats.adapterhub.write(portable, 'task').files);

        const copy = tinyClassifier(classifier, { config, seed: 99 });
        const loaded = loadAdapterFolder(copy, folder);
        const all = (network: SequenceClassifier, adapters: AdapterSet, own: Adapter) => [
          ...names.flatMap((name) => adapters.get(name).parameters),
          ...savedOf({ model: network, adapter: own }),
        ];
        assert.deepEqual(loaded.adapter.settings, adapter.settings);
        assert.deepEqual(stateOf(all(copy, loaded.adapters, loaded.adapter)), stateOf(all(model, set, adapter)));
        assert.deepEqual(logits(copy), logits(model));
      },
      8,
    ),
  );
}

/** Families that train weights of the backbone, which only a checkpoint has. */
const inPlace = ['bitfit', 'full'];
for (const settings of inPlace.flatMap((kind) => smallSettings[kind])) {
  onEveryBackend(test, `${titleOf(settings)}: through a checkpoint and back, bit for bit`, () =>
    forAllAsync(
      options,
      async ({ config = tinyBert, classifier = { labels: ['no', 'yes'] }, seed }) => {
        const original = trainedAdapter(settings, { config, classifier, seed });
        const parameters = original.model.parameters();
        const files = await checkpointFiles(original.model, { folder: tinyFolder({ config }) }, parameters);
        const { model } = loadClassifier(temporaryFolder(files), new Random(1));
        assert.deepEqual(model.labels, classifier.labels);
        assert.deepEqual(stateOf(sorted(model.parameters())), stateOf(sorted(parameters)));
        assert.deepEqual(logits(model), logits(original.model));
      },
      4,
    ),
  );
}

const sorted = (parameters: readonly Parameter[]): Parameter[] =>
  parameters.toSorted((a, b) => (a.name < b.name ? -1 : 1));

test('every family there is goes somewhere and back', () => {
  const tried = [...cases.map(({ settings }) => settings.kind), ...mixing.map(({ kind }) => kind), ...inPlace];
  const known = [...Object.keys(smallSettings), ...loadedSettings.map(({ kind }) => kind), 'composed'];
  assert.deepEqual([...new Set(tried)].sort(), [...new Set(known)].sort());
});

const layered: fc.Arbitrary<HeadOptions> = fc.record({
  labels: fc.constantFrom(['no', 'yes'], null),
  layered: fc.record({
    layers: fc.integer({ min: 1, max: 3 }),
    activation: fc.constantFrom('relu', 'tanh', 'none'),
    bias: fc.boolean(),
    pooler: fc.constant(false),
  }),
});

onEveryBackend(test, 'a head of layers: through adapterhub and back, bit for bit', () =>
  forAllAsync(
    fc.record({ config: fc.constantFrom(tinyBert, tinyRoberta), classifier: layered, seed: fc.nat() }),
    async (given) => {
      const original = trainedAdapter({ kind: 'pfeiffer', bottleneck: 2 }, given);
      const folder = await writtenFolder(original, 'adapterhub');
      if (readAdapterFolder(folder).layeredHead === undefined) return;
      const copy = reloaded(folder, given);
      assert.deepEqual(stateOf(savedOf(copy)), stateOf(savedOf(original)));
      assert.deepEqual(logits(copy.model), logits(original.model));
    },
    10,
  ),
);

/** The folder without the list of masked tensors, as another library saves it. */
function foreign(folder: string): string {
  const bytes = readFileSync(join(folder, 'adapter_model.safetensors'));
  const file = parseSafetensors(bytes, 'adapter');
  const tensors = file
    .names()
    .map((name) => ({ name, dtype: 'F32' as const, shape: file.info(name).shape, data: file.readFloat32(name) }));
  return temporaryFolder({
    'adapter_config.json': readFileSync(join(folder, 'adapter_config.json')),
    'adapter_model.safetensors': serializeSafetensors(tensors),
  });
}

onEveryBackend(test, 'in the file of another library, zeros in a prunable matrix are pruned weights', async () => {
  const settings = lora.configure({ rank: 2, init: 'bert' });
  const pruned = trainedAdapter(settings, { pruned: true });
  const copy = reloaded(foreign(await writtenFolder(pruned, 'peft')), {});
  assert.deepEqual(stateOf(savedOf(copy)), stateOf(savedOf(pruned)));
  assert.ok(copy.adapter.prunable.every(({ isPruned }) => isPruned));
});

onEveryBackend(test, 'a matrix without zeros, and one of zeros alone, are dense there', async () => {
  const dense = trainedAdapter(lora.configure({ rank: 2 }));
  const [, b] = dense.adapter.prunable;
  b.load(new Float32Array(b.size), null);
  const copy = reloaded(foreign(await writtenFolder(dense, 'peft')), {});
  assert.ok(copy.adapter.prunable.every(({ isPruned }) => !isPruned));
});

onEveryBackend(test, 'in a file of ours, a matrix that was pruned whole or not at all keeps its mask', async () => {
  const original = trainedAdapter(lora.configure({ rank: 2 }));
  const [first, second] = original.adapter.prunable;
  first.setMask(new Float32Array(first.size));
  second.setMask(new Float32Array(second.size).fill(1));
  const copy = reloaded(await writtenFolder(original, 'peft'), {});
  assert.deepEqual(stateOf(savedOf(copy)), stateOf(savedOf(original)));
});

test.run();
