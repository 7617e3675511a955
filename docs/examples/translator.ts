/**
 * A translator from nothing: a T5 of random weights learns a made language, in which the colour follows its noun and the verb comes last.
 * It is trained on some sentences and translates others, which it has never seen.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from 'sparse-adapter';
import { finetune } from 'sparse-adapter/finetune';
import { serializeSafetensors } from 'sparse-adapter/io';
import { randomWeights } from 'sparse-adapter/models';

const nouns = { cat: 'miru', dog: 'vano', bird: 'teli', fish: 'sopa', horse: 'kerun', mouse: 'pim' };
const colours = { red: 'ra', blue: 'bel', green: 'gor', white: 'wis' };
const verbs = { sees: 'oki', hears: 'una', likes: 'fel' };

const sentences = Object.entries(nouns).flatMap(([who, miru]) =>
  Object.entries(colours).flatMap(([colour, ra]) =>
    Object.entries(verbs).flatMap(([does, oki]) =>
      Object.entries(nouns)
        .filter(([whom]) => whom !== who)
        .map(([whom, vano]) => ({
          source: `the ${colour} ${who} ${does} the ${whom}`,
          target: `${miru} ${ra} ${vano} ${oki}`,
        })),
    ),
  ),
);
const rows = new Random(1).shuffle(sentences);

// A model folder as Hugging Face has it: a configuration, a tokenizer that knows whole words, and weights.
const words = ['<pad>', '</s>', '<unk>', 'the', ...Object.entries({ ...nouns, ...colours, ...verbs }).flat()];
const config = {
  model_type: 't5',
  architectures: ['T5ForConditionalGeneration'],
  vocab_size: words.length,
  d_model: 32,
  d_kv: 16,
  num_heads: 2,
  d_ff: 64,
  num_layers: 1,
  feed_forward_proj: 'gated-gelu',
  dropout_rate: 0,
};
const end = { id: '</s>', ids: [1], tokens: ['</s>'] };
const tokenizer = {
  added_tokens: words.slice(0, 3).map((content, id) => ({ id, content, special: true })),
  pre_tokenizer: { type: 'WhitespaceSplit' },
  model: { type: 'WordLevel', vocab: Object.fromEntries(words.map((word, id) => [word, id])), unk_token: '<unk>' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }],
    pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 0 } }],
    special_tokens: { '</s>': end },
  },
};
const weights = await Promise.all(
  randomWeights(config, new Random(1)).map(async ({ name, shape, value }) => ({
    ...{ name, shape, dtype: 'F32' as const },
    data: Float32Array.from(await value.data()),
  })),
);

const folder = mkdtempSync(join(tmpdir(), 'translator-'));
try {
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  writeFileSync(join(folder, 'model.safetensors'), serializeSafetensors(weights));

  const model = await finetune({
    ...{ model: folder, task: 'translation', data: rows.slice(0, 300), evalData: rows.slice(300) },
    ...{ adapter: 'full', pruning: 'none', learningRate: 0.005, weightDecay: 0, epochs: 30, batchSize: 10 },
    ...{ loadBestModelAtEnd: false, maxLength: 12, maxTargetLength: 8, seed: 1, output: join(folder, 'run') },
  });
  console.log(`sentences: ${rows.length}, of which ${rows.length - 300} are new`);
  console.log(`BLEU of new sentences: ${(100 * (model.metrics?.bleu ?? 0)).toFixed(1)}`);
  for (const text of ['the white horse hears the cat', 'the blue mouse likes the horse']) {
    console.log(`${text} -> ${(await model.predict(text)).generatedText}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
