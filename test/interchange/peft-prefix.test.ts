import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type AdapterSettings, attachAdapter, completeSettings, mam, prefix } from '../../src/adapters/index.ts';
import { tidy } from '../../src/index.ts';
import { adapterFormats, loadAdapterFolder, portableAdapter, readAdapterFolder } from '../../src/interchange/index.ts';
import { openSafetensors, readJsonObject, serializeSafetensors } from '../../src/io/index.ts';
import type { Seq2SeqModel } from '../../src/models/index.ts';
import { assertInputError, assertInputErrorAsync } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { liven } from '../support/adapters.ts';
import { weightsOf } from '../support/parameters.ts';
import { stateOf } from '../support/portable.ts';
import { forAllAsync } from '../support/property.ts';
import { tinySeq2Seq } from '../support/tiny-bart.ts';
import { range } from '../support/values.ts';

const test = suite('interchange: prefixes of BART in PEFT');

const own = prefix({ prefixLength: 2, prefixFlat: true, prefixShiftsPositions: true, prefixAttentions: ['self'] });

async function written(model: Seq2SeqModel, settings: AdapterSettings = own, seed = 1): Promise<string> {
  const adapter = attachAdapter(model, settings);
  liven(adapter, seed);
  const { files } = adapterFormats.peft.write(await portableAdapter(model, adapter, 'bart'), 'task');
  return temporaryFolder(files);
}

const logitsOf = (model: Seq2SeqModel): number[] =>
  tidy(() => Array.from(model.forward(model.pack([{ ids: [0, 5, 6, 2], targetIds: [0, 7, 8, 2] }])).dataSync()));

const tableIn = (folder: string) => {
  const file = openSafetensors(`${folder}/adapter_model.safetensors`);
  const { shape } = file.info('prompt_embeddings');
  const values = Array.from(file.readFloat32('prompt_embeddings'));
  file.close();
  return { shape, values };
};

/** Rows of 2, with blocks of a key and a value, [2 · 16], for each layer: those of block n of token t are 10 t + n. */
const blocks = (order: readonly number[]) => [0, 1].flatMap((t) => order.flatMap((n) => Array(32).fill(10 * t + n)));

const folderOf = (config: Readonly<Record<string, unknown>>, shape: readonly number[], values: readonly number[]) =>
  temporaryFolder({
    'adapter_config.json': JSON.stringify({ peft_type: 'PREFIX_TUNING', task_type: 'SEQ_2_SEQ_LM', ...config }),
    'adapter_model.safetensors': serializeSafetensors([
      { name: 'prompt_embeddings', dtype: 'F32', shape, data: Float32Array.from(values) },
    ]),
  });

test('what is written is read back, whatever the numbers of layers are', () =>
  forAllAsync(
    fc.record({
      config: fc.record({
        encoder_layers: fc.integer({ min: 1, max: 3 }),
        decoder_layers: fc.integer({ min: 1, max: 4 }),
      }),
      seed: fc.nat(9),
    }),
    async ({ config, seed }) => {
      const model = tinySeq2Seq(config);
      const folder = await written(model, own, seed);
      const copy = tinySeq2Seq(config, 5);
      const { adapter } = loadAdapterFolder(copy, folder);
      assert.deepEqual(adapter.settings, completeSettings(own));
      assert.deepEqual(logitsOf(copy), logitsOf(model));
      const { files } = adapterFormats.peft.write(await portableAdapter(copy, adapter, 'bart'), 'task');
      assert.deepEqual(tableIn(temporaryFolder(files)), tableIn(folder));
    },
    8,
  ));

test('PEFT reads every second layer of the table, so that it is written with others between them', async () => {
  const model = tinySeq2Seq();
  const folder = await written(model);
  const { num_layers, num_transformer_submodules, num_attention_heads, token_dim } = readJsonObject(
    `${folder}/adapter_config.json`,
  );
  assert.deepEqual([num_layers, num_transformer_submodules, num_attention_heads, token_dim], [4, 2, 4, 16]);
  const { shape, values } = tableIn(folder);
  assert.deepEqual(shape, [2, 4 * 32]);
  const isZero = range(4).map((layer) => values.slice(32 * layer, 32 * layer + 32).every((x) => x === 0));
  assert.deepEqual(isZero, [false, true, false, true]);
});

test("a table is read as PEFT reads it: twice, a layer of the decoder's at every second one", () => {
  const tableOf = (fileLayers: number, decoder_layers: number, config = {}) => {
    const shape = [2, 32 * fileLayers];
    const folder = folderOf({ num_layers: fileLayers, ...config }, shape, blocks(range(fileLayers)));
    const { adapter } = loadAdapterFolder(tinySeq2Seq({ decoder_layers }), folder);
    return [...weightsOf(adapter.parameters[0])];
  };
  assert.deepEqual(tableOf(2, 2), blocks([0, 0]));
  assert.deepEqual(tableOf(3, 3, { num_transformer_submodules: 2 }), blocks([0, 2, 1]));
  assert.deepEqual(tableOf(4, 4), blocks([0, 2, 0, 2]));
  assert.deepEqual(tableOf(4, 2), blocks([0, 2]));
  assertInputError(() => tableOf(2, 3), /has shape \[2, 64\], the model needs \[2, 96\]/);
});

test('what is no such table or has other stacks is refused', () => {
  for (const [config, shape, message] of [
    [{ num_layers: 3 }, [2, 64], /prompt_embeddings is no table of the keys and values of 3 layers \(num_layers\)/],
    [{}, [2, 64], /no table of the keys and values of 0 layers/],
    [{ num_layers: 1e9 }, [64, 0], /no table/],
    [{ num_layers: 1.5 }, [2, 48], /no table/],
    [{ num_layers: '2' }, [2, 64], /num_layers must be a number, not "2"/],
    [{ num_layers: 2 }, [128], /no table/],
    [{ num_transformer_submodules: 3 }, [2, 64], /num_transformer_submodules is 3; prefixes of models with one or two/],
  ] as const) {
    const values = Array(shape.reduce<number>((product, size) => product * size, 1)).fill(1);
    assertInputError(() => readAdapterFolder(folderOf(config, shape, values)), message);
  }
});

test('a prefix that PEFT does not have is refused, with what to do', async () => {
  const refused = (settings: AdapterSettings, message: RegExp) =>
    assertInputErrorAsync(() => written(tinySeq2Seq(), settings), message);
  await refused(
    prefix({ prefixLength: 2, prefixFlat: true }),
    /own attention alone; train one with --prefix-attentions \(prefixAttentions\) self, or write it as adapterhub\.$/,
  );
  await refused({ ...own, prefixAttentions: ['self', 'cross'] }, /own attention alone/);
  const model = tinySeq2Seq();
  const portable = await portableAdapter(model, attachAdapter(model, own), 'bart');
  assertInputError(() => adapterFormats.adapterhub.write(portable, 'task'), /after which positions begin.*as peft\.$/);
  const settings = prefix.configure({ prefixFlat: true, prefixAttentions: ['encoder', 'cross'] });
  assertInputError(
    () => adapterFormats.adapterhub.write({ ...portable, settings }, 'task'),
    /^AdapterHub always has a prefix in the attention of the decoder to itself, .* prefixAttentions encoder, cross; save/,
  );
});

test('AdapterHub can leave out the encoder and cross-attention', async () => {
  for (const prefixAttentions of [['self'], ['encoder', 'self'], ['self', 'cross']]) {
    const settings = prefix.configure({ prefixLength: 2, prefixFlat: true, prefixAttentions });
    const model = tinySeq2Seq();
    const adapter = attachAdapter(model, settings);
    liven(adapter);
    const { files } = adapterFormats.adapterhub.write(await portableAdapter(model, adapter, 'bart'), 'task');
    const { config } = JSON.parse(String(files['adapter_config.json']));
    const stacks = ['encoder', 'cross'].map((stack) => prefixAttentions.includes(stack));
    assert.deepEqual([config.encoder_prefix, config.cross_prefix], stacks);
    const { adapter: copy } = loadAdapterFolder(tinySeq2Seq(), temporaryFolder(files));
    assert.deepEqual(copy.settings, settings);
    assert.deepEqual(stateOf(copy.parameters), stateOf(adapter.parameters));
  }
});

test('half of the parameters of mam are those of its prefix, wherever that is', () => {
  const sizes = (settings: AdapterSettings) => {
    const { parameters } = attachAdapter(tinySeq2Seq(), settings);
    const inFront = parameters.filter(({ name }) => name.includes('prefix'));
    const sum = (all: typeof parameters) => all.reduce((total, { size }) => total + size, 0);
    return sum(inFront) / sum(parameters);
  };
  const share = sizes(mam({ bottleneck: 16, prefixLength: 4, equalSplit: true, prefixAttentions: ['self'] }));
  assert.ok(Math.abs(share - 0.5) < 0.03, String(share));
});

test.run();
