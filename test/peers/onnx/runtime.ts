import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type GraphName, graphFile, type OnnxDType } from '../../../src/interchange/onnx/names.ts';
import { isEncoderDecoder, type TokenSequence } from '../../../src/models/index.ts';
import { peers } from '../project.ts';
import type { Exported } from './models.ts';

/** The part of `onnxruntime-node` that is used. */
interface Runtime {
  readonly Tensor: new (
    type: 'int64' | 'float32' | 'bool',
    values: BigInt64Array | Float32Array | Uint8Array,
    dims: readonly number[],
  ) => object;
  readonly InferenceSession: { create(file: string, options?: object): Promise<Session> };
}
interface Session {
  readonly inputNames: readonly string[];
  run(feeds: Record<string, object>): Promise<Record<string, { dims: number[]; data: Float32Array }>>;
  release(): Promise<void>;
}

const runtime: Runtime = createRequire(join(peers, 'resolve.js'))('onnxruntime-node');

/** Rows of whole numbers [texts, longest], with a filler after those that are shorter. */
function input(rows: readonly ArrayLike<number>[], filler: number): object {
  const length = Math.max(...rows.map((row) => row.length));
  const values = new BigInt64Array(rows.length * length).fill(BigInt(filler));
  rows.forEach((row, s) => {
    values.set(Array.from(row, BigInt), s * length);
  });
  return new runtime.Tensor('int64', values, [rows.length, length]);
}

/** The inputs of an encoder. */
const inputsOf = (sequences: readonly TokenSequence[], padding: number): Record<string, object> => ({
  input_ids: input(
    sequences.map(({ ids }) => ids),
    padding,
  ),
  attention_mask: input(
    sequences.map(({ ids }) => new Uint8Array(ids.length).fill(1)),
    0,
  ),
  token_type_ids: input(
    sequences.map(({ ids, typeIds = new Uint8Array(ids.length) }) => typeIds),
    0,
  ),
});

/** A loaded graph of an encoder. */
export interface Graph {
  run(
    sequences: readonly TokenSequence[],
  ): Promise<Record<string, { readonly dims: number[]; readonly values: number[] }>>;
  release(): Promise<void>;
}

export async function openGraph(
  { folder, model }: Pick<Exported, 'folder' | 'model'>,
  dtype: OnnxDType,
): Promise<Graph> {
  const session = await runtime.InferenceSession.create(join(folder, 'onnx', graphFile('model', dtype)));
  const padding = model.config.pad_token_id;
  return {
    run: async (sequences) => {
      const all = inputsOf(sequences, padding);
      const feeds = Object.fromEntries(session.inputNames.map((name) => [name, all[name]]));
      const outputs = Object.entries(await session.run(feeds));
      return Object.fromEntries(outputs.map(([name, { dims, data }]) => [name, { dims, values: Array.from(data) }]));
    },
    release: () => session.release(),
  };
}

/** Runs a graph once. */
export async function runGraph(exported: Exported, dtype: OnnxDType, sequences: readonly TokenSequence[]) {
  const graph = await openGraph(exported, dtype);
  try {
    return await graph.run(sequences);
  } finally {
    await graph.release();
  }
}

/**
 * The logits of an encoder-decoder for targets of one length [targets, vocabulary]: those of the last token by a second call, which is given the keys and
 * values of the first.
 */
export async function decoderLogits(
  { folder, model }: Exported,
  dtype: OnnxDType,
  sequences: readonly TokenSequence[],
  targets: readonly (readonly number[])[],
): Promise<number[][][]> {
  const open = (name: GraphName) =>
    runtime.InferenceSession.create(join(folder, 'onnx', graphFile(name, dtype)), { logSeverityLevel: 3 });
  const [encoder, decoder] = [await open('encoder_model'), await open('decoder_model_merged')];
  const { config } = model;
  if (!isEncoderDecoder(config)) throw new Error('no encoder-decoder');
  const { input_ids, attention_mask } = inputsOf(sequences, config.pad_token_id);
  const { last_hidden_state } = await encoder.run({ input_ids, attention_mask });
  const heads = config.decoder_attention_heads;
  const size = 'd_kv' in config ? Number(config.d_kv) : config.d_model / heads;
  const none = () => new runtime.Tensor('float32', new Float32Array(), [sequences.length, heads, 0, size]);
  const isPast = (name: string) => name.startsWith('past_key_values.');
  const call = (ids: readonly (readonly number[])[], past: (name: string) => object, isLater: boolean) =>
    decoder.run({
      ...Object.fromEntries(decoder.inputNames.filter(isPast).map((name) => [name, past(name)])),
      input_ids: input(ids, 0),
      encoder_attention_mask: attention_mask,
      encoder_hidden_states: last_hidden_state,
      use_cache_branch: new runtime.Tensor('bool', Uint8Array.of(Number(isLater)), [1]),
    });
  const first = await call(
    targets.map((ids) => ids.slice(0, -1)),
    none,
    false,
  );
  const nameOf = (name: string) => name.replace('past_key_values', 'present');
  const second = await call(
    targets.map((ids) => ids.slice(-1)),
    (name) => first[nameOf(name)],
    true,
  );
  const rowsOf = ({ dims: [, rows, width], data }: { dims: number[]; data: Float32Array }, s: number) =>
    Array.from({ length: rows }, (_, i) =>
      Array.from(data.subarray((s * rows + i) * width, (s * rows + i + 1) * width)),
    );
  const logits = sequences.map((_, s) => [...rowsOf(first.logits, s), ...rowsOf(second.logits, s)]);
  await encoder.release();
  await decoder.release();
  return logits;
}
