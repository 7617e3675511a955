/**
 * Texts in seven languages through one tokenizer of the kind of XLM-R: pieces of words of all scripts, chosen by their scores. An
 * XLM-RoBERTa of random weights learns who likes what, and reads pairs of a verb and a dish that it has not seen together.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from 'sparse-adapter';
import { finetune } from 'sparse-adapter/finetune';
import { serializeSafetensors } from 'sparse-adapter/io';
import { randomWeights } from 'sparse-adapter/models';
import { loadTokenizer } from 'sparse-adapter/text';

/** What is liked and what is not, with a place for the dish, and dishes. */
const languages = [
  ['I like …', 'I hate …', 'bread milk fish rice tea soup'],
  ['j’aime …', 'je déteste …', 'le_pain le_lait le_poisson le_riz le_thé la_soupe'],
  ['ich mag …', 'ich hasse …', 'Brot Milch Fisch Reis Tee Suppe'],
  ['я люблю …', 'я ненавижу …', 'хлеб молоко рыбу рис чай суп'],
  ['μου αρέσει …', 'μισώ …', 'το_ψωμί το_γάλα το_ψάρι το_ρύζι το_τσάι η_σούπα'],
  ['أحب …', 'أكره …', 'الخبز الحليب السمك الأرز الشاي الحساء'],
  ['…が好きです', '…が嫌いです', 'パン 牛乳 魚 ご飯 お茶 スープ'],
] as const;

const rows = languages.flatMap(([liked, hated, dishes]) =>
  dishes.split(' ').flatMap((dish, i) =>
    [liked, hated].map((verb, j) => ({
      text: verb.replace('…', dish.replace('_', ' ')),
      label: j === 0 ? 'likes' : 'hates',
      // One dish of each language is new with either verb.
      isNew: (i + j) % 6 === 0,
    })),
  ),
);

// A tokenizer as that of XLM-R: words with the sign of a space before them, what stands in them, and letters for the rest.
const words = rows.flatMap(({ text }) => text.normalize('NFKC').split(' '));
const inside = ['が', '好き', '嫌い', 'です'];
const letters = [...new Set(words.join(''))];
const pieces = [
  ...new Set([...words.filter((word) => !word.includes('が')).map((word) => `▁${word}`), '▁', ...inside]),
];
const special = ['<s>', '<pad>', '</s>', '<unk>'];
const vocab: [piece: string, score: number][] = [
  ...special.map((token): [string, number] => [token, 0]),
  ...pieces.map((piece): [string, number] => [piece, -4]),
  ...letters.filter((letter) => !pieces.includes(letter)).map((letter): [string, number] => [letter, -8]),
];
const begin = { SpecialToken: { id: '<s>', type_id: 0 } };
const end = { SpecialToken: { id: '</s>', type_id: 0 } };
const sequence = (id: 'A' | 'B') => ({ Sequence: { id, type_id: 0 } });
const space = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
const tokenizer = {
  added_tokens: special.map((content, id) => ({ id, content, special: true })),
  normalizer: { type: 'NFKC' },
  pre_tokenizer: space,
  model: { type: 'Unigram', unk_id: 3, vocab },
  post_processor: {
    type: 'TemplateProcessing',
    single: [begin, sequence('A'), end],
    pair: [begin, sequence('A'), end, end, sequence('B'), end],
    special_tokens: {
      '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] },
      '</s>': { id: '</s>', ids: [2], tokens: ['</s>'] },
    },
  },
  decoder: space,
};
const config = {
  model_type: 'xlm-roberta',
  architectures: ['XLMRobertaModel'],
  vocab_size: vocab.length,
  hidden_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 64,
  max_position_embeddings: 34,
  type_vocab_size: 1,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
};
const weights = await Promise.all(
  randomWeights(config, new Random(1)).map(async ({ name, shape, value }) => ({
    ...{ name, shape, dtype: 'F32' as const },
    data: Float32Array.from(await value.data()),
  })),
);

const folder = mkdtempSync(join(tmpdir(), 'languages-'));
try {
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ tokenizer_class: 'XLMRobertaTokenizer' }));
  writeFileSync(join(folder, 'model.safetensors'), serializeSafetensors(weights));

  const read = loadTokenizer(folder);
  for (const text of ['я люблю суп', '魚が好きです', 'μισώ το γάλα']) {
    console.log(`${text}: ${read.stages(text).tokens.join(' ')}`);
  }

  const known = rows.filter(({ isNew }) => !isNew).map(({ text, label }) => ({ text, label }));
  const unknown = rows.filter(({ isNew }) => isNew).map(({ text, label }) => ({ text, label }));
  const model = await finetune({
    ...{ model: folder, data: known, evalData: unknown, text: 'text', label: 'label' },
    ...{ adapter: 'full', pruning: 'none', learningRate: 0.003, weightDecay: 0, epochs: 25, batchSize: 8 },
    ...{ loadBestModelAtEnd: false, maxLength: 16, seed: 1, output: join(folder, 'run') },
  });
  console.log(`sentences: ${rows.length}, of which ${unknown.length} are new`);
  console.log(`accuracy on new sentences: ${model.metrics?.accuracy.toFixed(2)}`);
  for (const { text } of unknown.slice(-3)) console.log(`${text} -> ${(await model.predict(text)).label}`);
} finally {
  rmSync(folder, { recursive: true });
}
