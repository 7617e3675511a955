import { join } from 'node:path';
import { attachAdapter, configOf, loraSizes } from '../../src/adapters/index.ts';
import { matmul, mul, tensor, tidy } from '../../src/index.ts';
import {
  assignStored,
  type MergedPart,
  type MergeMethod,
  mergeLora,
  readAdapterFolder,
  type StoredAdapter,
} from '../../src/interchange/index.ts';
import { openSafetensors } from '../../src/io/index.ts';
import { packPadded, SequenceClassifier } from '../../src/models/index.ts';
import type { Compare } from './framework.ts';
import { type LabelledBatch, labelsOf, openModel } from './models.ts';

interface Merge {
  readonly index: number;
  readonly combination_type: MergeMethod;
  readonly adapters: readonly string[];
  readonly weights: readonly number[];
  readonly svd_rank?: number;
  readonly density?: number;
  readonly majority_sign_method?: 'total' | 'frequency';
}

export interface MergingCase {
  readonly backbone: string;
  readonly inputs: Pick<LabelledBatch, 'input_ids'>;
  readonly merges: readonly Merge[];
  readonly tensors: Readonly<Record<string, { tol: number }>>;
}

/** Merges adapters of LoRA as the case says, and computes with the results. */
export function runMerging(folder: string, golden: MergingCase, compare: Compare): void {
  const masks = openSafetensors(join(folder, 'dare_masks.safetensors'));
  const expected = openSafetensors(join(folder, 'expected.safetensors'));
  for (const merge of golden.merges) {
    const stored = merge.adapters.map((name) => readAdapterFolder(join(folder, name)));
    const parts: readonly MergedPart[] = stored;
    const result = mergeLora(parts, {
      method: merge.combination_type,
      weights: merge.weights,
      svdRank: merge.svd_rank,
      density: merge.density,
      majoritySign: merge.majority_sign_method,
      kept: (part, adapter, layer) => masks.readRaw(`mask/${merge.index}/${part}/${merge.adapters[adapter]}/${layer}`),
    });
    const values = tidy(() => computed(join(folder, golden.backbone), golden, { ...stored[0], ...result }));
    for (const [name, { tol }] of Object.entries(golden.tensors)) {
      const [index, ...rest] = name.split('/');
      if (Number(index) === merge.index) compare(name, values[rest.join('/')], expected.readFloat32(name), tol);
    }
  }
}

/** The logits with a merged adapter, its factors, and what they change. */
function computed(backbone: string, { inputs }: MergingCase, merged: StoredAdapter): Record<string, ArrayLike<number>> {
  const { config, root } = openModel(backbone);
  const model = new SequenceClassifier(root, config, { labels: labelsOf(config) });
  assignStored(model, attachAdapter(model, merged.settings), merged);
  const values: Record<string, ArrayLike<number>> = {
    logits: model.forward(packPadded(inputs, model.encoder.positionIds)).dataSync(),
  };
  for (const { name, shape, values: numbers } of merged.weights) {
    const [, layer, part] = /^(.*)\.(lora_[AB])\./.exec(name) ?? [];
    values[`${part}/${layer}`] = numbers;
    if (part !== 'lora_A') continue;
    const b = merged.weights.find((other) => other.name === name.replace('lora_A', 'lora_B'));
    const { scale } = loraSizes(configOf(merged.settings) as Parameters<typeof loraSizes>[0], layer);
    const change = matmul(tensor(b?.values ?? [], b?.shape ?? [0, 0]), tensor(numbers, shape));
    values[`delta/${layer}`] = mul(change, scale).dataSync();
  }
  return values;
}
