import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type AdapterSettings, completeSettings, lora } from '../../src/adapters/index.ts';
import { leaveOut, withoutLayers } from '../../src/adapters/leave-out.ts';
import { loadAdapterFolder } from '../../src/interchange/index.ts';
import { readJsonObject } from '../../src/io/files.ts';
import { layersOf } from '../../src/models/attachments.ts';
import { formOf } from '../../src/settings/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { attach, logits } from '../support/adapters.ts';
import { trainedAdapter, writtenFolder } from '../support/portable.ts';
import { tinySeq2Seq } from '../support/tiny-bart.ts';
import { tinyBert, tinyClassifier } from '../support/tiny-model.ts';

const test = suite('adapters: layers left out');

const config = { ...tinyBert, num_hidden_layers: 4 };
const kinds: readonly AdapterSettings[] = [
  { kind: 'houlsby', bottleneck: 3 },
  { kind: 'pfeiffer', bottleneck: 3 },
  { kind: 'parallel', bottleneck: 3 },
  { kind: 'lora', rank: 2 },
  { kind: 'prefix', prefixLength: 2, prefixBottleneck: 3 },
  { kind: 'mam', bottleneck: 3, prefixLength: 2, prefixBottleneck: 3 },
];

test('an adapter has parts in the other layers and no parameters for these', () => {
  const holds = ([settings, left]: [AdapterSettings, number[]]) => {
    const model = tinyClassifier(undefined, { config });
    const whole = attach(tinyClassifier(undefined, { config }), settings);
    const adapter = attach(model, { ...settings, ...(left.length > 0 && { leaveOut: left }) });
    const { residual, projection, attention } = model.points;
    const points = [...residual, ...projection, ...attention];
    const layers = layersOf(model.points);
    assert.equal(layers.length, 4);
    layers.forEach((layer, i) => {
      const isAttached = points.some(({ name, attached }) => name.startsWith(`${layer}.`) && attached !== null);
      assert.equal(isAttached, !left.includes(i), layer);
    });
    const size = ({ parameters }: typeof adapter) => parameters.reduce((sum, parameter) => sum + parameter.size, 0);
    if (!['prefix', 'mam'].includes(settings.kind)) assert.equal(4 * size(adapter), (4 - left.length) * size(whole));
    else assert.ok(left.length === 0 || size(adapter) < size(whole));
  };
  const cases = fc.tuple(fc.constantFrom(...kinds), fc.subarray([0, 1, 2, 3], { maxLength: 3 }));
  fc.assert(fc.property(cases, holds), { seed: 1, numRuns: 20 });
});

test('in BART the layers of the decoder follow those of the encoder', () => {
  const { points } = tinySeq2Seq();
  const names = withoutLayers(points, [0, 3]).residual.map(({ name }) => name);
  assert.ok(names.length > 0);
  assert.ok(
    names.every((name) => /encoder\.layers\.1\.|decoder\.layers\.0\./.test(name)),
    names.join(),
  );
});

test('settings without it are as they were, so that hashes and files of earlier runs hold', () => {
  assert.ok(!('leaveOut' in completeSettings({ kind: 'houlsby' })));
  assert.deepEqual(completeSettings({ kind: 'houlsby', leaveOut: [1] }).leaveOut, [1]);
  assert.deepEqual(formOf('leaveOut', leaveOut).parse('0, 2'), [0, 2]);
});

test('a layer that is not there, all layers, and what is no list of layers are refused', () => {
  const refused: [readonly number[], RegExp][] = [
    [[2], /leaveOut: there is no layer 2; the layers are 0 to 1/],
    [[0, 1], /leaveOut: no layer is left for the adapter; leave out fewer/],
    [[0, 0], /houlsby: leaveOut must be a list of different whole numbers from 0, at least one, not \[0, 0\]/],
    [[0.5], /leaveOut\[0\] must be a whole number, 0 or more, not 0.5/],
    [[], /leaveOut must be a list of different whole numbers/],
  ];
  for (const [leaveOut, message] of refused) {
    assertInputError(() => attach(tinyClassifier(), { kind: 'houlsby', leaveOut }), message);
  }
  assertInputError(() => attach(tinyClassifier(), { kind: 'full', leaveOut: [0] }), /full has no option 'leaveOut'/);
});

for (const [format, field, written] of [
  ['adapterhub', 'leave_out', [0, 2]],
  ['peft', 'layers_to_transform', [1, 3]],
] as const) {
  test(`LoRA without some layers says so in a file of ${format}, and is read back`, async () => {
    const original = trainedAdapter(lora.configure({ rank: 2, leaveOut: [0, 2] }), { config });
    const folder = await writtenFolder(original, format);
    const json = readJsonObject(`${folder}/adapter_config.json`);
    const own = format === 'peft' ? json : (json.config as Readonly<Record<string, unknown>>);
    assert.deepEqual(own[field], written);
    const copy = tinyClassifier({ labels: ['no', 'yes'] }, { config, seed: 9 });
    loadAdapterFolder(copy, folder);
    assert.deepEqual(logits(copy), logits(original.model));
  });
}

test.run();
