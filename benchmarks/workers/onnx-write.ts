/** Writes an ONNX file for a task: `node onnx-write.ts <task> <file>`. A process of its own, so that its memory is not counted. */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { OnnxGraph } from '../../src/interchange/onnx/graph.ts';
import { modelFiles } from '../../src/interchange/onnx/written.ts';
import type { ModelTask, Task } from '../tasks.ts';
import { mask, weight } from './numbers.ts';
import { transposed } from './padded.ts';

function gemm(graph: OnnxGraph, { m, n, k }: { readonly m: number; readonly n: number; readonly k: number }): void {
  const x = graph.input('x', 'float32', [m, k]);
  const w = graph.floats('w', transposed(weight('w', n * k), n, k), [k, n]);
  graph.output(graph.node('MatMul', [x, w]), 'y', [m, n]);
}

/** A BERT classifier with Houlsby adapters; masked weights are stored as 0. */
function classifier(graph: OnnxGraph, { model, bottleneck, sparsity, batches }: ModelTask): void {
  const { vocabulary, positions, hidden, layers, heads, intermediate } = model;
  const [sequences, length] = [batches[0].length, Math.max(...batches[0])];

  const vector = (name: string) => graph.floats(name, weight(name, hidden), [hidden]);
  const linear = (x: string, name: string, inputs: number, outputs: number, masked = false) => {
    const values = weight(`${name}.weight`, outputs * inputs);
    if (masked) {
      const kept = mask(`${name}.weight`, values.length, sparsity);
      values.forEach((w, i) => {
        values[i] = w * kept[i];
      });
    }
    const w = graph.floats(`${name}.weight`, transposed(values, outputs, inputs), [inputs, outputs]);
    const b = graph.floats(`${name}.bias`, weight(`${name}.bias`, outputs), [outputs]);
    return graph.node('Add', [graph.node('MatMul', [x, w]), b]);
  };
  const norm = (x: string, name: string) =>
    graph.node('LayerNormalization', [x, vector(`${name}.weight`), vector(`${name}.bias`)], {
      axis: 2,
      epsilon: { float: 1e-12 },
    });
  const adapt = (x: string, point: string) => {
    const name = `${point}.adapters.default`;
    const inner = linear(x, `${name}.adapter_down.0`, hidden, bottleneck, true);
    const silu = graph.node('Mul', [inner, graph.node('Sigmoid', [inner])]);
    return graph.node('Add', [x, linear(silu, `${name}.adapter_up`, bottleneck, hidden, true)]);
  };
  const split = (x: string) => {
    const parts = graph.node('Reshape', [x, graph.integers([sequences, length, heads, hidden / heads])]);
    return graph.node('Transpose', [parts], { perm: [0, 2, 1, 3] });
  };
  const scale = graph.floats('scale', Float32Array.of((hidden / heads) ** -0.5), [1]);

  const ids = graph.input('ids', 'int32', [sequences, length]);
  const padding = graph.input('padding', 'float32', [sequences, 1, 1, length]);
  const table = 'bert.embeddings.word_embeddings.weight';
  const words = graph.node('Gather', [
    graph.floats(table, weight(table, vocabulary * hidden), [vocabulary, hidden]),
    ids,
  ]);
  const places = weight('bert.embeddings.position_embeddings.weight', positions * hidden).slice(0, length * hidden);
  const type = weight('bert.embeddings.token_type_embeddings.weight', 2 * hidden).slice(0, hidden);
  const placed = graph.node('Add', [words, graph.floats('positions', places, [length, hidden])]);
  let x = norm(graph.node('Add', [placed, graph.floats('type', type, [hidden])]), 'bert.embeddings.LayerNorm');
  for (let i = 0; i < layers; i++) {
    const at = `bert.encoder.layer.${i}`;
    const [query, key, value] = ['query', 'key', 'value'].map((part) =>
      split(linear(x, `${at}.attention.self.${part}`, hidden, hidden)),
    );
    const products = graph.node('MatMul', [query, graph.node('Transpose', [key], { perm: [0, 1, 3, 2] })]);
    const scores = graph.node('Add', [graph.node('Mul', [products, scale]), padding]);
    const context = graph.node('MatMul', [graph.node('Softmax', [scores], { axis: 3 }), value]);
    const rows = graph.node('Transpose', [context], { perm: [0, 2, 1, 3] });
    const joined = graph.node('Reshape', [rows, graph.integers([sequences, length, hidden])]);
    const h = adapt(linear(joined, `${at}.attention.output.dense`, hidden, hidden), `${at}.attention.output`);
    x = norm(graph.node('Add', [h, x]), `${at}.attention.output.LayerNorm`);
    const inner = graph.node('Gelu', [linear(x, `${at}.intermediate.dense`, hidden, intermediate)]);
    const y = adapt(linear(inner, `${at}.output.dense`, intermediate, hidden), `${at}.output`);
    x = norm(graph.node('Add', [y, x]), `${at}.output.LayerNorm`);
  }
  const first = graph.node('Slice', [x, graph.integers([0]), graph.integers([1]), graph.integers([1])]);
  const pooled = graph.node('Tanh', [linear(first, 'bert.pooler.dense', hidden, hidden)]);
  graph.output(linear(pooled, 'classifier', hidden, 2), 'logits', [sequences, 1, 2]);
}

const [task, path]: [Task, string] = [JSON.parse(process.argv[2]), process.argv[3]];
const graph = new OnnxGraph();
if (task.kind === 'gemm') gemm(graph, task);
else if (task.kind === 'forward') classifier(graph, task);
const file = openSync(path, 'w');
for (const piece of modelFiles(graph, 'model.onnx').files['model.onnx']) writeFileSync(file, piece);
closeSync(file);
