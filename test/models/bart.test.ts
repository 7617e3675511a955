import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type AdapterSettings, attachAdapter, freezeBackbone } from '../../src/adapters/index.ts';
import { grad, hvp, memory, Random, setBackend, Tensor, tidy } from '../../src/index.ts';
import type { TensorData } from '../../src/io/index.ts';
import {
  loadSeq2Seq,
  Pass,
  packPadded,
  parseEncoderDecoderConfig,
  type Seq2SeqModel,
  type SequencePair,
} from '../../src/models/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { liven } from '../support/adapters.ts';
import { assertClose } from '../support/compare.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { forAll } from '../support/property.ts';
import { tinyBart, tinyBartFolder, tinyBartTensors, tinySeq2Seq } from '../support/tiny-bart.ts';
import { toTensor } from '../support/values.ts';

const test = suite('models: bart');

const ids = (maxLength: number) => fc.array(fc.integer({ min: 3, max: 30 }), { minLength: 1, maxLength });
const pairs: fc.Arbitrary<SequencePair[]> = fc.array(fc.record({ ids: ids(12), targetIds: ids(8) }), {
  minLength: 1,
  maxLength: 4,
});
const two: readonly SequencePair[] = [
  { ids: [0, 5, 6, 9, 2], targetIds: [0, 7, 2] },
  { ids: [0, 8, 2], targetIds: [0, 11, 5, 2] },
];

const rowsOf = (x: Tensor, first: number, end: number) => {
  const [, width] = x.shape;
  return { shape: [end - first, width], values: x.dataSync().slice(first * width, end * width) };
};

/** As in PEFT. */
const ownPrefix: AdapterSettings = {
  ...{ kind: 'prefix', prefixLength: 2, prefixFlat: true, prefixShiftsPositions: true, prefixAttentions: ['self'] },
};

const prompt: AdapterSettings = { kind: 'prompt-tuning', promptLength: 3 };

for (const settings of [null, ownPrefix, prompt]) {
  onEveryBackend(
    test,
    `a packed batch of pairs gives what each pair gives alone${settings ? `, with ${settings.kind}` : ''}`,
    () => {
      const model = tinySeq2Seq();
      if (settings) liven(attachAdapter(model, settings));
      forAll(
        pairs,
        (batch) => {
          const packed = model.pack(batch);
          const logits = model.forward(packed);
          const { offsets } = packed.target;
          batch.forEach((pair, s) => {
            const alone = model.forward(model.pack([pair]));
            assertClose(rowsOf(logits, offsets[s], offsets[s + 1]), alone, 1e-4, `pair ${s}`);
          });
        },
        8,
      );
    },
  );
}

test('rows of a prompt are read as tokens with these vectors are, and take their positions', () => {
  for (const scale_embedding of [false, true]) {
    const [model, plain] = [tinySeq2Seq({ scale_embedding }), tinySeq2Seq({ scale_embedding })];
    const { parameters } = attachAdapter(model, prompt);
    const [, width] = parameters[0].shape;
    const ids = [7, 8, 9];
    const table = tokensOf(plain);
    // The vectors of tokens are scaled, and those of a prompt are not.
    const factor = scale_embedding ? Math.sqrt(width) : 1;
    parameters[0].load(
      Float32Array.from(ids.flatMap((id) => [...table.slice(id * width, (id + 1) * width)].map((x) => factor * x))),
      null,
    );
    tidy(() => {
      const pair = { ids: [0, 5, 6, 2], targetIds: [0, 7, 2] };
      const expected = plain.forward(plain.pack([{ ...pair, ids: [...ids, ...pair.ids] }]));
      assertClose(model.forward(model.pack([pair])), expected, 1e-5, `scaled ${scale_embedding}`);
    });
  }
  assertInputError(
    () => attachAdapter(tinySeq2Seq(), { kind: 'prompt-tuning', promptLength: 24 }),
    /^prompt-tuning: promptLength 24 leaves no place for a text; the model has 24\.$/,
  );
});

test('a prefix of some attentions moves the positions of their side alone, as far as there are any', () => {
  const begins = (prefixAttentions: readonly string[] | undefined, place: number) => {
    const model = tinySeq2Seq();
    const settings = { kind: 'prefix', prefixLength: 5, prefixFlat: true, prefixShiftsPositions: true };
    attachAdapter(model, { ...settings, ...(prefixAttentions && { prefixAttentions }) });
    const point = model.points.positions?.[place];
    return point?.forward(Int32Array.of(2), new Pass(Int32Array.of(0, 1)))[0];
  };
  assert.deepEqual([begins(['self'], 0), begins(['self'], 1)], [2, 7]);
  assert.deepEqual([begins(['encoder', 'cross'], 0), begins(['encoder'], 1)], [7, 2]);
  assert.deepEqual([begins(['cross'], 0), begins(undefined, 0), begins(undefined, 1)], [2, 7, 7]);
  assertInputError(
    () => begins(['decoder'], 0),
    /^prefix: prefixAttentions names 'decoder'; this model has encoder, self, cross\.$/,
  );
  const model = tinySeq2Seq();
  assert.equal(model.transformer.targetPositions, 24);
  attachAdapter(model, ownPrefix);
  assert.equal(model.transformer.targetPositions, 22);
  const forward = (length: number) =>
    tidy(() => model.forward(model.pack([{ ids: [0, 5, 2], targetIds: new Array(length).fill(7) }])).shape[0]);
  assert.equal(forward(22), 22);
  assertInputError(() => forward(23), /^a text has 25 tokens with what the adapter puts before them, more than/);
});

onEveryBackend(test, 'a row of the decoder depends on no later one', () => {
  const model = tinySeq2Seq();
  forAll(
    fc.record({ pair: fc.record({ ids: ids(6), targetIds: ids(8) }), cut: fc.nat(7) }),
    ({ pair, cut }) => {
      const length = Math.min(pair.targetIds.length, cut + 1);
      const whole = model.forward(model.pack([pair]));
      const start = model.forward(model.pack([{ ...pair, targetIds: pair.targetIds.slice(0, length) }]));
      assertClose(rowsOf(whole, 0, length), start, 1e-5);
    },
    8,
  );
});

test('a mask that leaves nothing out changes nothing; one with holes hides what is under them', async () => {
  await setBackend('reference', { dtype: 'float64' });
  try {
    const { transformer: bart } = tinySeq2Seq();
    const source = packPadded({ input_ids: [[0, 5, 6, 2]] }, bart.positionIds);
    const hidden = (decoderIds: number[], mask?: number[]) => {
      const target = packPadded({ input_ids: [decoderIds], attention_mask: mask && [mask] }, bart.positionIds);
      const rows = bart.forward(source, target);
      const values = Array.from(rows.dataSync());
      const byColumn: number[][] = [];
      target.columns.forEach((column, row) => {
        byColumn[column] = values.slice(row * 16, (row + 1) * 16);
      });
      return byColumn;
    };
    tidy(() => {
      assert.deepEqual(hidden([2, 7, 8, 9], [1, 1, 1, 1]), hidden([2, 7, 8, 9]));
      const [first, , third, fourth] = hidden([2, 7, 8, 9], [1, 0, 1, 1]);
      const other = hidden([2, 20, 8, 9], [1, 0, 1, 1]);
      assert.deepEqual([first, third, fourth], [other[0], other[2], other[3]]);
      assert.notDeepEqual(third, hidden([2, 7, 8, 9])[2]);
    });
  } finally {
    await setBackend('wasm');
  }
});

const adapters: AdapterSettings[] = [
  { kind: 'houlsby', bottleneck: 2 },
  { kind: 'pfeiffer', bottleneck: 2 },
  { kind: 'parallel', bottleneck: 2, init: 'bert' },
  { kind: 'prefix', prefixLength: 2, prefixBottleneck: 3 },
  ownPrefix,
  {
    kind: 'lora',
    rank: 2,
    init: 'bert',
    targetModules: ['q_proj', 'k_proj', 'v_proj', 'out_proj', 'fc1', 'fc2'],
  },
];

/** BART with one layer on either side and an adapter. */
function adapted(settings: AdapterSettings) {
  const model = tinySeq2Seq({
    encoder_layers: 1,
    decoder_layers: 1,
    d_model: 8,
    encoder_ffn_dim: 6,
    decoder_ffn_dim: 6,
  });
  const adapter = attachAdapter(model, settings);
  liven(adapter);
  freezeBackbone(model, adapter);
  const loss = () => model.loss(model.forward(model.pack(two)), model.pack(two));
  return { model, adapter, loss };
}

for (const settings of adapters) {
  test(`gradients and Hessian-vector products through a ${settings.kind} adapter agree with differences`, async () => {
    const backend = await setBackend('reference', { dtype: 'float64' });
    try {
      tidy(() => {
        const { adapter, loss } = adapted(settings);
        const parameters = adapter.parameters.map(({ value }) => value);
        const gradients = grad(loss(), parameters);
        const random = new Random('direction');
        const vectors = parameters.map(({ shape, size }) =>
          toTensor(backend, { shape, values: Array.from({ length: size }, () => random.normal()) }),
        );
        const start = parameters.map((value) => value.dataSync());
        const products = hvp(loss, parameters, vectors).map((h) => h.dataSync());
        /** The loss and its gradients at start + epsilon · vectors. */
        const at = (epsilon: number) => {
          adapter.parameters.forEach((parameter, i) => {
            const v = vectors[i].dataSync();
            parameter.load(
              start[i].map((x, j) => x + epsilon * v[j]),
              null,
            );
          });
          const leaves = adapter.parameters.map(({ value }) => value);
          const value = loss();
          return { loss: value.item(), gradients: grad(value, leaves).map((g) => g.dataSync()) };
        };
        const slope = gradients.reduce((sum, g, i) => {
          const v = vectors[i].dataSync();
          return sum + Array.from(g.dataSync()).reduce((part, x, j) => part + x * v[j], 0);
        }, 0);
        const epsilon = 1e-5;
        const [above, below] = [at(epsilon), at(-epsilon)];
        const error = Math.abs((above.loss - below.loss) / (2 * epsilon) - slope);
        assert.ok(error < 1e-7 * Math.max(1, Math.abs(slope)), `directional derivative is off by ${error}`);
        products.forEach((product, i) => {
          const difference = product.map((_, j) => (above.gradients[i][j] - below.gradients[i][j]) / (2 * epsilon));
          assertClose(
            { shape: [product.length], values: product },
            { shape: [product.length], values: difference },
            1e-6,
          );
        });
      });
    } finally {
      await setBackend('wasm');
    }
  });
}

test('layers that are computed again give the same loss and gradients, with dropout too, and keep less', () => {
  for (const settings of [...adapters, { kind: 'lora', dropout: 0.2, init: 'bert' }]) {
    const model = tinySeq2Seq();
    const adapter = attachAdapter(model, settings);
    liven(adapter);
    freezeBackbone(model, adapter);
    const batch = model.pack(two);
    const [kept, again] = [2 ** 30, 0].map((keptBytes) =>
      tidy(() => {
        model.transformer.keptBytes = keptBytes;
        const before = memory().tensors;
        const loss = model.loss(model.forward(batch, new Random(1)), batch);
        const tensors = memory().tensors - before;
        const leaves = adapter.parameters.map(({ value }) => value);
        return { tensors, loss: loss.item(), gradients: grad(loss, leaves).map((g) => [...g.dataSync()]) };
      }),
    );
    assert.equal(again.loss, kept.loss);
    again.gradients.forEach((values, i) => {
      const shape = [values.length];
      assertClose({ shape, values }, { shape, values: kept.gradients[i] }, 1e-6, `${settings.kind} ${i}`);
    });
    assert.ok(again.tensors < kept.tensors / 2, `${again.tensors} tensors, ${kept.tensors} without`);
  }
});

test('every weight of a tiny model has the right gradient', async () => {
  await setBackend('reference', { dtype: 'float64' });
  try {
    const config = { encoder_layers: 1, decoder_layers: 1, d_model: 4, encoder_ffn_dim: 3, decoder_ffn_dim: 3 };
    const small = {
      ...config,
      encoder_attention_heads: 1,
      decoder_attention_heads: 2,
      vocab_size: 12,
      max_position_embeddings: 5,
    };
    const model = tinySeq2Seq(small);
    const batch = model.pack(two);
    for (const parameter of model.parameters()) {
      const original = parameter.value.dataSync();
      // The table of tokens is read with its padding row frozen, which none of these texts contains.
      const f = (value: Tensor) => {
        parameter.assign(value);
        return model.loss(model.forward(batch), batch);
      };
      const analytic = tidy(() =>
        Array.from(grad(model.loss(model.forward(batch), batch), [parameter.value])[0].dataSync()),
      );
      const numeric = tidy(() => differences(f, parameter.value, original));
      parameter.load(original, null);
      assertClose(
        { shape: [analytic.length], values: analytic },
        { shape: [analytic.length], values: numeric },
        1e-6,
        parameter.name,
      );
    }
  } finally {
    await setBackend('wasm');
  }
});

/** Central differences of f at each element. */
function differences(f: (value: Tensor) => Tensor, { backend, shape }: Tensor, values: ArrayLike<number>): number[] {
  const epsilon = 1e-5;
  const at = (i: number, x: number) =>
    tidy(() => {
      const moved = Array.from(values);
      moved[i] = x;
      return f(Tensor.fromBuffer(backend, backend.upload(moved), shape)).item();
    });
  return Array.from(values, (x, i) => (at(i, x + epsilon) - at(i, x - epsilon)) / (2 * epsilon));
}

test('dropout comes from the generator alone', () => {
  tidy(() => {
    const model = tinySeq2Seq();
    const batch = model.pack(two);
    const logits = (seed?: number) =>
      Array.from(model.forward(batch, seed === undefined ? undefined : new Random(seed)).dataSync());
    assert.deepEqual(logits(1), logits(1));
    assert.notDeepEqual(logits(1), logits(2));
    assert.notDeepEqual(logits(1), logits());
  });
});

test('labels that are ignored count for nothing, and their inputs are padding', () => {
  tidy(() => {
    const model = tinySeq2Seq();
    const whole = model.pack([{ ids: [0, 5, 2], targetIds: [0, 7, 2, -100] }]);
    assert.deepEqual(Array.from(whole.target.inputIds), [2, 0, 7, 2]);
    assert.deepEqual(Array.from(model.pack([{ ids: [0, 5, 2], targetIds: [0, -100, 2] }]).target.inputIds), [2, 0, 1]);
    const short = model.pack([{ ids: [0, 5, 2], targetIds: [0, 7, 2] }]);
    const loss = (batch: typeof whole) => model.loss(model.forward(batch), batch).item();
    assert.ok(Math.abs(loss(whole) - loss(short)) < 1e-6);
  });
});

const tokensOf = (model: Seq2SeqModel) =>
  Array.from(
    model
      .parameters()
      .find(({ name }) => name === 'model.shared.weight')!
      .value.dataSync(),
  );

test('a checkpoint may lack the prefix, hold the shared table several times, or under another name', () => {
  const tensors = tinyBartTensors();
  const shared = tensors.find(({ name }) => name === 'model.shared.weight')!;
  const rest = tensors.filter((tensor) => tensor !== shared);
  const copies = ['model.encoder.embed_tokens.weight', 'model.decoder.embed_tokens.weight', 'lm_head.weight'].map(
    (name) => ({ ...shared, name }),
  );
  const bare = tensors
    .filter(({ name }) => name !== 'final_logits_bias')
    .map((tensor) => ({ ...tensor, name: tensor.name.replace(/^model\./, '') }));
  const bareCopy = { ...shared, name: 'encoder.embed_tokens.weight' };
  for (const layout of [
    tensors,
    [...tensors, ...copies],
    [...rest, ...copies.slice(0, 1)],
    [...rest, copies[2]],
    [...bare, bareCopy],
  ]) {
    const { model, ignored } = loadSeq2Seq(tinyBartFolder(layout), new Random(1));
    assert.deepEqual(ignored, []);
    assert.deepEqual(tokensOf(model), Array.from(shared.data as Float32Array));
  }
});

test('tables of tokens that differ are not one matrix', () => {
  const [shared] = tinyBartTensors().filter(({ name }) => name === 'model.shared.weight');
  for (const name of ['lm_head.weight', 'model.decoder.embed_tokens.weight']) {
    const data = Float32Array.from(shared.data as Float32Array, (x) => x + 1);
    const other: TensorData = { name, dtype: 'F32', shape: shared.shape, data };
    const folder = tinyBartFolder([...tinyBartTensors(), other]);
    assertInputError(
      () => loadSeq2Seq(folder, new Random(1)),
      new RegExp(`"model\\.shared\\.weight" and "${name}" differ`),
    );
  }
});

test('what BART lacks here is refused by name', () => {
  const wrong: [Record<string, unknown>, RegExp[]][] = [
    [{ model_type: 'mbart' }, [/model_type/, /mbart/, /bart/]],
    [{ d_model: 18 }, [/decoder_attention_heads/, /a divisor of d_model/]],
    [{ normalize_before: true }, [/normalize_before/, /false/]],
    [{ tie_word_embeddings: false }, [/tie_word_embeddings/, /true/]],
    [{ encoder_layerdrop: 0.1 }, [/encoder_layerdrop/, /0/]],
    [{ encoder_layers: undefined }, [/encoder_layers/, /missing/]],
    [{ activation_function: 'maxout' }, [/activation_function/, /maxout/]],
  ];
  for (const [change, words] of wrong)
    assertInputError(() => parseEncoderDecoderConfig({ ...tinyBart, ...change }), ...words);
});

test.run();
