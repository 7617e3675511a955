import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { tidy } from '../../src/index.ts';
import { loadAdapterFolder } from '../../src/interchange/index.ts';
import { openSafetensors, serializeSafetensors, type TensorData } from '../../src/io/index.ts';
import { packPadded, SequenceClassifier } from '../../src/models/index.ts';
import { mismatch, readJson } from '../golden/framework.ts';
import { type AdapterSpec, type LabelledBatch, labelsOf, openModel } from '../golden/models.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { maskOf } from '../support/parameters.ts';

const test = suite('interchange: files made elsewhere');
const folder = join(import.meta.dirname, '..', 'golden', 'data', 'adapters');

interface Case {
  readonly backbone: string;
  readonly spec: AdapterSpec;
  readonly inputs: LabelledBatch;
  readonly tensors: Readonly<Record<string, { tol: number }>>;
}

/** The configuration that AdapterHub writes for a bottleneck, of what differs from its defaults. */
const bottleneck = (
  { name, r = 1, non_linearity, scaling = 1 }: AdapterSpec,
  flags: Record<string, unknown>,
  model_type: string,
) => ({
  config: { output_adapter: true, reduction_factor: 32 / r, non_linearity, scaling, ...flags },
  hidden_size: 32,
  model_type,
  name,
  version: 'adapters.1.0.0',
});

const hubFlags: Readonly<Record<string, Record<string, unknown>>> = {
  houlsby: { mh_adapter: true, original_ln_before: false },
  pfeiffer: { mh_adapter: false, original_ln_before: true },
  parallel: { mh_adapter: false, original_ln_before: false, is_parallel: true },
};

/** A golden adapter as a folder of the library whose names it has; the tensors are the file as it is. */
function asFolder(path: string, { spec, backbone }: Case): string {
  const bytes = readFileSync(join(path, 'adapter.safetensors'));
  if (spec.method === 'lora') {
    const { r, lora_alpha, target_modules } = spec;
    return temporaryFolder({
      'adapter_config.json': JSON.stringify({ peft_type: 'LORA', r, lora_alpha, target_modules }),
      'adapter_model.safetensors': bytes,
    });
  }
  const { model_type } = readJson<{ model_type: string }>(path, backbone, 'config.json');
  return temporaryFolder({
    'adapter_config.json': JSON.stringify(bottleneck(spec, hubFlags[spec.method], model_type)),
    'adapter.safetensors': bytes,
  });
}

/** The tensors of a golden file that `accepts` chooses, under the names that `rename` gives them. */
function tensorsOf(path: string, rename: (name: string) => string, accepts = (_: string) => true): Uint8Array {
  const file = openSafetensors(join(path, 'adapter.safetensors'));
  const tensors = file
    .names()
    .filter(accepts)
    .map((name): TensorData => ({ name: rename(name), ...file.info(name), data: file.readRaw(name) }));
  file.close();
  return serializeSafetensors(tensors);
}

/** Dense matrices with zeros where the golden masks have them, as a library without masks would have saved them. */
function maskedFolder(path: string, golden: Case): string {
  const file = openSafetensors(join(path, 'adapter.safetensors'));
  const tensors = file
    .names()
    .filter((name) => !name.startsWith('mask/'))
    .map((name): TensorData => {
      const mask = file.has(`mask/${name}`) ? file.readFloat32(`mask/${name}`) : null;
      const data = file.readFloat32(name).map((value, i) => value * (mask?.[i] ?? 1));
      return { name, dtype: 'F32', shape: file.info(name).shape, data };
    });
  file.close();
  return temporaryFolder({
    'adapter_config.json': JSON.stringify(bottleneck(golden.spec, hubFlags.houlsby, 'bert')),
    'adapter.safetensors': serializeSafetensors(tensors),
  });
}

const prefixConfig = ({ flat, prefix_length, bottleneck_size }: AdapterSpec | NonNullable<AdapterSpec['prefix']>) => ({
  architecture: 'prefix_tuning',
  flat: flat ?? false,
  prefix_length,
  bottleneck_size: bottleneck_size ?? 512,
});

/** The golden files name prefixes by themselves; AdapterHub gives them a place in the encoder. */
function prefixFolder(path: string, { spec, backbone }: Case): string {
  const { model_type } = readJson<{ model_type: string }>(path, backbone, 'config.json');
  const whole = bottleneck(spec, hubFlags.parallel, model_type);
  const config = spec.prefix
    ? { architecture: 'union', configs: [prefixConfig(spec.prefix), whole.config] }
    : prefixConfig(spec);
  const place = `${model_type}.prefix_tuning.prefix_tunings.a.self_prefix.`;
  return temporaryFolder({
    'adapter_config.json': JSON.stringify({ ...whole, name: 'a', config }),
    'adapter.safetensors': tensorsOf(path, (name) => name.replace(/^prefix\./, place)),
  });
}

/** A fusion with its adapters in folders. */
function fusionFolder(path: string, { spec }: Case): string {
  const adapters = spec.names ?? [];
  const keep = (name: string) => name;
  const one = (name: string) => bottleneck({ ...spec, name }, hubFlags.pfeiffer, 'bert');
  const switches = { key: true, query: true, value: true, value_before_softmax: true };
  const off = { query_before_ln: false, residual_before: false, temperature: false };
  const config = { ...switches, ...off, regularization: true, dropout_prob: null };
  const files = adapters.flatMap((name) => [
    [`${name}/adapter_config.json`, JSON.stringify(one(name))],
    [`${name}/adapter.safetensors`, tensorsOf(path, keep, (tensor) => tensor.includes(`.adapters.${name}.`))],
  ]);
  return temporaryFolder({
    ...Object.fromEntries(files),
    'adapter_fusion_config.json': JSON.stringify({ ...one(adapters.join(',')), config }),
    'model_adapter_fusion.safetensors': tensorsOf(path, keep, (tensor) => tensor.includes('.adapter_fusion_layer.')),
  });
}

const asItIs = [
  'bert_houlsby',
  'bert_houlsby_relu',
  'bert_lora',
  'bert_parallel',
  'bert_pfeiffer',
  'roberta_houlsby',
  'roberta_lora',
  'roberta_pfeiffer_gelu',
];
const cases: (readonly [name: string, library: string, folderOf: (path: string, golden: Case) => string])[] = [
  ...asItIs.map((name) => [name, 'its library', asFolder] as const),
  ...['bert_prefix_flat', 'bert_prefix_mlp', 'bert_mam', 'roberta_mam'].map(
    (name) => [name, 'AdapterHub', prefixFolder] as const,
  ),
  ['bert_fusion', 'AdapterHub', fusionFolder],
  ['bert_houlsby_masked', 'AdapterHub', maskedFolder],
];
for (const [name, library, folderOf] of cases) {
  onEveryBackend(test, `${name}: its file, read as a folder of ${library}, gives the logits of PyTorch`, () => {
    const path = join(folder, name);
    const golden = readJson<Case>(path, 'case.json');
    const { config, root } = openModel(join(path, golden.backbone));
    const model = new SequenceClassifier(root, config, { labels: labelsOf(config) });
    const { hasHead } = loadAdapterFolder(model, folderOf(path, golden));
    assert.equal(hasHead, false);
    const expected = openSafetensors(join(path, 'expected.safetensors'));
    const batch = packPadded(golden.inputs, model.encoder.positionIds);
    const logits = tidy(() => model.forward(batch).dataSync());
    assert.equal(mismatch(logits, expected.readFloat32('logits'), golden.tensors.logits.tol), null);
    expected.close();
  });
}

onEveryBackend(test, 'bert_houlsby_masked: zeros of its matrices are the masks that it was made with', () => {
  const path = join(folder, 'bert_houlsby_masked');
  const golden = readJson<Case>(path, 'case.json');
  const { config, root } = openModel(join(path, golden.backbone));
  const model = new SequenceClassifier(root, config, { labels: labelsOf(config) });
  const { adapter } = loadAdapterFolder(model, maskedFolder(path, golden), { name: 'a' });
  const file = openSafetensors(join(path, 'adapter.safetensors'));
  for (const parameter of adapter.prunable) {
    const { name } = parameter;
    assert.deepEqual(maskOf(parameter), Array.from(file.readFloat32(`mask/${name}`)), name);
  }
  file.close();
});

test.run();
