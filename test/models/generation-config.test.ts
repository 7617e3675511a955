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

test('where there is one config.json tells tokens only, and options go before both', () => {
  const old = { num_beams: 2, max_length: 9, length_penalty: 0.5, decoder_start_token_id: 2 };
  const generation = {
    ...{ num_beams: 4, min_length: 3, no_repeat_ngram_size: 3, early_stopping: true, forced_bos_token_id: 0 },
    ...{ forced_eos_token_id: null, decoder_start_token_id: 0, transformers_version: '4.26.1', penalty_alpha: 0 },
  };
  const model = load(folderWith(generation, old));
  assert.deepEqual(model.config.generation, {
    ...{ numBeams: 4, minLength: 3, noRepeatNgramSize: 3, earlyStopping: true },
    forcedBosTokenId: 0,
  });
  assert.equal(model.config.decoder_start_token_id, 0);
  const asked = generationSettings(model, 12, { numBeams: 1, lengthPenalty: 2 });
  assert.deepEqual([asked.numBeams, asked.lengthPenalty, asked.noRepeatNgramSize], [1, 2, 3]);

  const without = load(tinyBartFolder(undefined, old)).config;
  assert.deepEqual(without.generation, { numBeams: 2, maxLength: 9, lengthPenalty: 0.5 });
  assert.equal(without.decoder_start_token_id, 2);
});

test('one that was made of config.json leaves it its fields, and one without tokens its tokens', () => {
  const old = { num_beams: 2, eos_token_id: 3, forced_eos_token_id: 3 };
  const copied = load(folderWith({ _from_model_config: true, max_length: 9 }, old)).config;
  assert.deepEqual(copied.generation, { numBeams: 2, forcedEosTokenId: 3, maxLength: 9 });
  const { eos_token_id, generation } = load(folderWith({ max_length: 9 }, old)).config;
  assert.deepEqual([eos_token_id, generation], [3, { maxLength: 9 }]);
});

test('fields that no table knows are told', () => {
  const { config } = load(
    folderWith({ num_beams: 2, my_penalty: 3, use_cache: true, is_assistant: false, other: null }),
  );
  assert.match(
    config.warnings.join(),
    /generation_config\.json: fields that are not known here are not followed: my_penalty 3\.$/,
  );
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
    [{ num_beams: '4' }, /generation_config\.json: num_beams must be a whole number, 0 or more, not "4"\.$/],
    [{ max_length: 2.5 }, /max_length .* not 2\.5/],
    [{ length_penalty: true }, /length_penalty must be a finite number, not true\.$/],
    [{ early_stopping: 'never' }, /early_stopping must be true or false, not "never"\.$/],
    [{ forced_bos_token_id: -1 }, /forced_bos_token_id must be .*, not -1/],
    [{ do_sample: 1 }, /do_sample must be true or false, not 1\.$/],
    [{ do_sample: true, temperature: 'hot' }, /temperature .* not "hot"/],
    [{ decoder_start_token_id: '2' }, /generation_config\.json: decoder_start_token_id .* not "2"/],
    ['[]', /generation_config\.json must hold a JSON object/],
    ['{', /generation_config\.json is not valid JSON/],
  ];
  for (const [fields, message] of wrong) assertInputError(() => load(folderWith(fields)), message);
  assertInputError(() => load(tinyBartFolder(undefined, { num_beams: '4' })), /[^_]config\.json: num_beams .* not "4"/);
});

test('what would be generated otherwise is refused by name, and a value that asks for nothing is taken', () => {
  const asked: Record<string, [unknown, unknown]> = {
    repetition_penalty: [1.2, 1],
    encoder_no_repeat_ngram_size: [3, 0],
    num_beam_groups: [2, 1],
    typical_p: [0.9, 1],
    min_p: [0.1, null],
    penalty_alpha: [0.6, null],
    force_words_ids: [[[5]], []],
    suppress_tokens: [[1, 2], []],
    begin_suppress_tokens: [[1], null],
    sequence_bias: [{ 1: 2 }, {}],
    exponential_decay_length_penalty: [[3, 1.1], null],
    stop_strings: [['.'], null],
    max_time: [2, null],
    guidance_scale: [1.5, 1],
    watermarking_config: [{ bias: 2 }, null],
    dola_layers: ['high', null],
    eos_token_id: [[2, 3], [2]],
  };
  for (const [name, [value, neutral]] of Object.entries(asked)) {
    const named = new RegExp(`generation_config\\.json: ${name} `);
    assertInputError(() => load(folderWith({ [name]: value })), named);
    assertInputError(() => load(tinyBartFolder(undefined, { [name]: value })), new RegExp(`config\\.json: ${name} `));
    assert.ok(load(folderWith({ [name]: neutral })));
  }
});

test('tokens to end with, new tokens and the older forced start are followed', () => {
  assert.equal(load(folderWith({ eos_token_id: 4 })).config.eos_token_id, 4);
  assertInputError(() => load(folderWith({ eos_token_id: 4000 })), /eos_token_id 4000 .* one of the/);
  assert.deepEqual(load(folderWith({ max_new_tokens: 9, min_new_tokens: 2, max_length: 5 })).config.generation, {
    maxLength: 10,
    minLength: 3,
  });
  const old = { force_bos_token_to_be_generated: true, bos_token_id: 0 };
  assert.equal(load(tinyBartFolder(undefined, old)).config.generation.forcedBosTokenId, 0);
});

test('it is written beside the weights of a model', async () => {
  const folder = folderWith({ num_beams: 4 });
  const files = await checkpointLike({ folder }, load(folder).parameters());
  assert.equal(String(files['generation_config.json']), '{"num_beams":4}');
  assert.ok(!('generation_config.json' in (await checkpointLike({ folder: tinyBartFolder() }, []))));
});

test.run();
