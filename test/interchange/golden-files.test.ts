import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { tidy } from '../../src/index.ts';
import { loadAdapterFolder } from '../../src/interchange/index.ts';
import { openSafetensors } from '../../src/io/index.ts';
import { packPadded, SequenceClassifier } from '../../src/models/index.ts';
import { mismatch, readJson } from '../golden/framework.ts';
import { type AdapterSpec, type LabelledBatch, labelsOf, openModel } from '../golden/models.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { onEveryBackend } from '../support/on-backend.ts';

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

const names = [
  'bert_houlsby',
  'bert_houlsby_relu',
  'bert_lora',
  'bert_parallel',
  'bert_pfeiffer',
  'roberta_houlsby',
  'roberta_lora',
  'roberta_pfeiffer_gelu',
];
for (const name of names) {
  onEveryBackend(test, `${name}: its file, read as a folder of its library, gives the logits of PyTorch`, () => {
    const path = join(folder, name);
    const golden = readJson<Case>(path, 'case.json');
    const { config, root } = openModel(join(path, golden.backbone));
    const model = new SequenceClassifier(root, config, { labels: labelsOf(config) });
    const { hasHead } = loadAdapterFolder(model, asFolder(path, golden));
    assert.equal(hasHead, false);
    const expected = openSafetensors(join(path, 'expected.safetensors'));
    const batch = packPadded(golden.inputs, model.encoder.positionIds);
    const logits = tidy(() => model.forward(batch).dataSync());
    assert.equal(mismatch(logits, expected.readFloat32('logits'), golden.tensors.logits.tol), null);
    expected.close();
  });
}

test.run();
