import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { withMergedTables } from '../../src/interchange/peft-resized-lora.ts';
import { pythonTableFields, pythonTables, withSharedTable } from '../../src/interchange/peft-shared-table.ts';
import type { Weight } from '../../src/interchange/portable.ts';
import { assertInputError } from '../io/input-error.ts';

const test = suite('interchange: tables of tokens in PEFT');

const weight = (name: string, ...values: number[]): Weight => ({
  name,
  shape: [values.length, 1],
  values: Float32Array.from(values),
});
const lora = weight('model.encoder.layers.0.fc1.lora_A.*.weight', 1);
const [encoder, decoder] = ['encoder', 'decoder'].map((side) => `model.${side}.embed_tokens.weight`);
const read = (modules_to_save: unknown, ...weights: Weight[]) => {
  const { weights: left, warnings } = withSharedTable('c', { modules_to_save }, [lora, ...weights]);
  assert.equal(left[0], lora);
  return { tables: left.slice(1).map(({ name, values }) => `${name} ${values}`), warnings };
};

test('a trained copy of shared is left out, as PEFT reads none', () => {
  const { tables, warnings } = read(['shared'], weight('model.shared.weight', 1, 2));
  assert.deepEqual(tables, []);
  assert.match(warnings.join(), /^c: the table of tokens in it \("shared"\) is left out/);
});

test('tables that are one are read as it, and others refused', () => {
  const three = [encoder, decoder, 'lm_head.weight'].map((name) => weight(name, 1, 2));
  const one = { tables: ['model.shared.weight 1,2'], warnings: [] };
  assert.deepEqual(read(['embed_tokens', 'lm_head'], ...three), one);
  assert.deepEqual(read(['embed_tokens'], ...three.slice(0, 2)), one);
  // Of a model with more tokens: what lies below a trained copy is what the model computes with.
  const copies = [weight('model.shared.weight', 5, 5), weight('model.shared.original_module.weight', 1, 2), three[2]];
  assert.deepEqual(read(['shared'], ...copies), one);
  assert.deepEqual(read(null, weight('model.shared.weight', 1, 2), three[2]), one);
  const own = /the encoder, the decoder and the output have tables of tokens of their own, and one here/;
  assertInputError(() => read(['embed_tokens', 'lm_head'], three[0], three[1], weight('lm_head.weight', 1, 3)), own);
  assertInputError(() => read(['embed_tokens'], three[0], weight(decoder, 1, 3)), own);
  assertInputError(() => read(['encoder.embed_tokens'], three[0]), own);
});

test('a table of ours is written for each that has it, and comes back', () => {
  for (const hasOutput of [true, false]) {
    const written = [lora, weight('model.shared.weight', 1, 2)].flatMap((own) => pythonTables(own, hasOutput));
    const output = hasOutput ? ['lm_head.weight'] : [];
    assert.deepEqual(
      written.slice(1).map(({ name }) => name),
      [encoder, decoder, ...output],
    );
    const { modules_to_save: saved } = pythonTableFields({ modules_to_save: ['model.shared', 'x'] }, hasOutput);
    assert.deepEqual(saved, ['x', 'embed_tokens', ...(hasOutput ? ['lm_head'] : [])]);
    assert.deepEqual(read(saved, ...written.slice(1)), { tables: ['model.shared.weight 1,2'], warnings: [] });
  }
  assert.deepEqual(pythonTableFields({ modules_to_save: ['pooler'] }, true), { modules_to_save: ['pooler'] });
});

test('LoRA on a table that the file has is merged into it', () => {
  const table = { ...weight('e.base_layer.weight', 1, 2, 3, 4, 5, 6), shape: [3, 2] };
  const a = { ...weight('e.lora_embedding_A.*', 1, 0, 2), shape: [1, 3] };
  const b = { ...weight('e.lora_embedding_B.*', 10, 100), shape: [2, 1] };
  const { weights, modules } = withMergedTables('c', { r: 1, lora_alpha: 2 }, [lora, table, a, b]);
  assert.deepEqual(modules, ['e']);
  assert.deepEqual([...weights[1].values], [1 + 20, 2 + 200, 3, 4, 5 + 40, 6 + 400]);
  assert.equal(weights[1].name, 'e.weight');
  assert.deepEqual(withMergedTables('c', {}, [lora, a, b]), { weights: [lora, a, b], modules: [] });
  assertInputError(
    () => withMergedTables('c', { r: 2 }, [table, a, b]),
    /LoRA on e has the shapes 1,3 and 2,1, which do not fit its table 3,2 and the rank 2/,
  );
});

test.run();
