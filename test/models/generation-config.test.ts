import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { Random } from '../../src/index.ts';
import { checkpointLike } from '../../src/interchange/index.ts';
import { loadSeq2Seq } from '../../src/models/index.ts';
import { generationSettings } from '../../src/training/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { tinyBartFolder } from '../support/tiny-bart.ts';

const test = suite('models: generation_config.json');

/** A model folder with these fields in its two files. */
function folderWith(generation: unknown, config: Readonly<Record<string, unknown>> = {}): string {
  const folder = tinyBartFolder(undefined, config);
  writeFileSync(
    join(folder, 'generation_config.json'),
    typeof generation === 'string' ? generation : JSON.stringify(generation),
  );
  return folder;
}
const load = (folder: string) => loadSeq2Seq(folder, new Random(1)).model;

test('its fields go before those of config.json, and options before both', () => {
  const old = { num_beams: 2, max_length: 9, length_penalty: 0.5, decoder_start_token_id: 2 };
  const generation = {
    ...{ num_beams: 4, min_length: 3, no_repeat_ngram_size: 3, early_stopping: true, forced_bos_token_id: 0 },
    ...{ forced_eos_token_id: null, decoder_start_token_id: 0, transformers_version: '4.26.1', penalty_alpha: 'none' },
  };
  const model = load(folderWith(generation, old));
  assert.deepEqual(model.config.generation, {
    ...{ numBeams: 4, maxLength: 9, lengthPenalty: 0.5, minLength: 3, noRepeatNgramSize: 3, earlyStopping: true },
    forcedBosTokenId: 0,
  });
  assert.equal(model.config.decoder_start_token_id, 0);
  const asked = generationSettings(model, 12, { numBeams: 1, lengthPenalty: 2 });
  assert.deepEqual([asked.numBeams, asked.lengthPenalty, asked.noRepeatNgramSize], [1, 2, 3]);

  const without = load(tinyBartFolder(undefined, old)).config;
  assert.deepEqual(without.generation, { numBeams: 2, maxLength: 9, lengthPenalty: 0.5 });
  assert.equal(without.decoder_start_token_id, 2);
});

test('with do_sample tokens are drawn, with the temperature and the limits given', () => {
  const sampling = (fields: object) => load(folderWith(fields)).config.generation.sampling;
  assert.deepEqual(sampling({ do_sample: true, temperature: 0.7, top_p: 0.9 }), {
    temperature: 0.7,
    topK: 50,
    topP: 0.9,
  });
  assert.deepEqual(sampling({ do_sample: true, top_k: 0 }), { temperature: 1, topK: 0, topP: 1 });
  assert.equal(sampling({ do_sample: false, temperature: 0.7 }), null);
  assert.equal(sampling({ temperature: 0.7 }), undefined);
});

test('a value of the wrong type is one line with the file, the field and what it must be', () => {
  const wrong: [unknown, RegExp][] = [
    [
      { num_beams: '4' },
      /^generation_config\.json: num_beams "4" is not supported; it must be a whole number, 0 or more\.$/,
    ],
    [{ max_length: 2.5 }, /max_length 2\.5/],
    [{ length_penalty: true }, /length_penalty true .* a number\.$/],
    [{ early_stopping: 'never' }, /early_stopping "never" .* true or false\.$/],
    [{ forced_bos_token_id: -1 }, /forced_bos_token_id -1/],
    [{ do_sample: 1 }, /do_sample 1 .* true or false\.$/],
    [{ do_sample: true, temperature: 'hot' }, /temperature "hot"/],
    [{ decoder_start_token_id: '2' }, /^generation_config\.json: decoder_start_token_id "2"/],
    ['[]', /generation_config\.json must hold a JSON object/],
    ['{', /generation_config\.json is not valid JSON/],
  ];
  for (const [fields, message] of wrong) assertInputError(() => load(folderWith(fields)), message);
  assertInputError(() => load(tinyBartFolder(undefined, { num_beams: '4' })), /^config\.json: num_beams "4"/);
});

test('it is written beside the weights of a model', async () => {
  const folder = folderWith({ num_beams: 4 });
  const files = await checkpointLike(folder, load(folder).parameters());
  assert.equal(String(files['generation_config.json']), '{"num_beams":4}');
  assert.ok(!('generation_config.json' in (await checkpointLike(tinyBartFolder(), []))));
});

test.run();
