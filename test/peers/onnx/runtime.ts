import { createRequire } from 'node:module';
import { join } from 'node:path';
import { graphFile, type OnnxDType } from '../../../src/interchange/onnx/names.ts';
import type { TokenSequence } from '../../../src/models/index.ts';
import { peers } from '../project.ts';
import type { Exported } from './models.ts';

/** The part of `onnxruntime-node` that is used. */
interface Runtime {
  readonly Tensor: new (type: 'int64', values: BigInt64Array, dims: readonly number[]) => object;
  readonly InferenceSession: { create(file: string, options?: object): Promise<Session> };
}
interface Session {
  readonly inputNames: readonly string[];
  run(feeds: Record<string, object>): Promise<Record<string, { dims: number[]; data: Float32Array }>>;
  release(): Promise<void>;
}

const runtime: Runtime = createRequire(join(peers, 'resolve.js'))('onnxruntime-node');

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
      const length = Math.max(...sequences.map(({ ids }) => ids.length));
      const input = (rowOf: (sequence: TokenSequence) => ArrayLike<number>, filler: number) => {
        const values = new BigInt64Array(sequences.length * length).fill(BigInt(filler));
        sequences.forEach((sequence, s) => {
          values.set(Array.from(rowOf(sequence), BigInt), s * length);
        });
        return new runtime.Tensor('int64', values, [sequences.length, length]);
      };
      const all: Record<string, object> = {
        input_ids: input(({ ids }) => ids, padding),
        attention_mask: input(({ ids }) => new Uint8Array(ids.length).fill(1), 0),
        token_type_ids: input(({ typeIds = [] }) => typeIds, 0),
      };
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
