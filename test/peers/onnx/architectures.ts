import type { AdapterSettings } from '../../../src/adapters/index.ts';
import {
  Classifier,
  Embedder,
  houlsby,
  MultipleChoice,
  QuestionAnswering,
  TokenClassifier,
} from '../../../src/finetune/index.ts';
import { Random } from '../../../src/index.ts';
import { parseEncoderConfig, randomWeights, type TokenSequence } from '../../../src/models/index.ts';
import type { TaskModel } from '../../../src/training/index.ts';
import { tinyEncoders, tinyTokenizer } from '../../support/tiny-encoders.ts';
import { tinyFolder } from '../../support/tiny-model.ts';
import { adapted, type Exported, exported, type Saves } from './models.ts';
import { tinyPairs, tinySentences } from './texts.ts';

type Json = Readonly<Record<string, unknown>>;

/** What is exported of an architecture. */
interface Form {
  /** What its configuration says otherwise. */
  readonly config?: Json;
  readonly head: keyof typeof heads;
  readonly adapter?: AdapterSettings;
}

const labels = ['bad', 'good', 'so so'];

/** A model of each task. */
const heads = {
  texts: (folder: string) => Classifier.fromPretrained(folder, { labels }),
  'the mean of all tokens': (folder: string) => Classifier.fromPretrained(folder, { labels, pooling: 'mean' }),
  tokens: (folder: string) => TokenClassifier.fromPretrained(folder, { labels: ['O', 'B-X', 'I-X'] }),
  answers: (folder: string) => QuestionAnswering.fromPretrained(folder),
  choices: (folder: string) => MultipleChoice.fromPretrained(folder),
  vectors: (folder: string) => Embedder.fromPretrained(folder),
} satisfies Record<string, (folder: string) => Promise<TaskModel & { savePretrained: Saves }>>;

/** Weights as lively as those of a trained model, norms near the identity: numbers that float16 holds, as most files have them. */
function tensorsOf(config: Json) {
  return randomWeights(config, new Random(1)).map(({ name, shape }) => {
    const random = new Random(name);
    const [isNorm, isTable] = [/norm\.weight$/i.test(name), /embedding/.test(name)];
    const deviation =
      isNorm || shape.length === 1 ? 0.2 : isTable ? 0.5 : 0.35 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b));
    const data = Float32Array.from(
      { length: shape.reduce((a, b) => a * b) },
      () => Number(isNorm) + Math.round(256 * random.normal(0, deviation)) / 256,
    );
    return { name, dtype: 'F32' as const, shape, data };
  });
}

/** Texts of one to as many tokens as a model has places for. */
function sequencesFor(config: Json, adapter: AdapterSettings): TokenSequence[] {
  const { vocab_size, max_position_embeddings: places, type_vocab_size: types } = parseEncoderConfig(config);
  const random = new Random('texts');
  const longest = Math.min(places, 160) - 2 - Number(adapter.promptLength ?? 0);
  return [longest, 1, Math.ceil(longest / 2), 7].map((length) => ({
    ids: Array.from({ length }, () => 2 + random.integer(vocab_size - 2)),
    typeIds: Array.from({ length }, (_, i) => Number(types > 1 && i > length / 2)),
  }));
}

const prompt: AdapterSettings = { kind: 'prompt-tuning', promptLength: 3 };
const mam: AdapterSettings = { kind: 'mam', bottleneck: 4, prefixLength: 3 };
const lora: AdapterSettings = { kind: 'lora', rank: 2, targetModules: ['query', 'value'] };
const fused: AdapterSettings = { kind: 'lora', rank: 2, targetModules: ['Wqkv', 'mlp.Wo'] };
const far = { max_position_embeddings: 200 };
const buckets = { ...far, position_buckets: 16, max_relative_positions: 60 };
const linear = { rope_type: 'linear', factor: 4, rope_theta: 500 };

/** Each architecture with what its configuration can say: heads, adapters, long texts. */
const forms: Readonly<Record<string, readonly Form[]>> = {
  electra: [
    { head: 'texts' },
    { head: 'tokens', adapter: prompt },
    { head: 'choices', config: { summary_use_proj: false, summary_activation: 'tanh' }, adapter: lora },
    { head: 'choices', config: { embedding_size: 16 } },
    { head: 'answers', adapter: { kind: 'prefix', prefixLength: 3 } },
    { head: 'vectors', adapter: lora },
  ],
  albert: [
    { head: 'texts', config: { num_hidden_layers: 6, num_hidden_groups: 3, inner_group_num: 2 } },
    { head: 'tokens', config: { embedding_size: 16, num_hidden_groups: 1 }, adapter: lora },
    { head: 'answers', adapter: mam },
    { head: 'choices', adapter: prompt },
    { head: 'vectors' },
  ],
  mpnet: [
    { head: 'texts', config: far },
    { head: 'tokens', config: { ...far, relative_attention_num_buckets: 40, pad_token_id: 5 }, adapter: prompt },
    { head: 'answers', adapter: mam },
    { head: 'choices', adapter: lora },
    { head: 'the mean of all tokens', config: { num_attention_heads: 4 } },
    { head: 'vectors' },
  ],
  'deberta-v2': [
    { head: 'texts', config: buckets, adapter: mam },
    {
      head: 'tokens',
      config: { ...buckets, pos_att_type: ['c2p'], share_att_key: false, conv_groups: 4, conv_kernel_size: 5 },
    },
    {
      head: 'answers',
      config: { ...buckets, pos_att_type: 'p2c', share_att_key: false, norm_rel_ebd: 'none', conv_kernel_size: 0 },
      adapter: lora,
    },
    { head: 'choices', config: { ...buckets, pos_att_type: [], type_vocab_size: 2 }, adapter: prompt },
    {
      head: 'the mean of all tokens',
      config: { relative_attention: false, pos_att_type: 'c2p|p2c', position_biased_input: true },
    },
    {
      head: 'vectors',
      config: { ...far, position_buckets: -1, max_relative_positions: 20, type_vocab_size: 2 },
      adapter: { kind: 'ia3' },
    },
  ],
  modernbert: [
    { head: 'texts', config: { ...far, local_attention: 12 }, adapter: mam },
    {
      head: 'texts',
      config: { ...far, classifier_pooling: 'cls', classifier_bias: true, norm_bias: true, mlp_bias: true },
      adapter: fused,
    },
    {
      head: 'tokens',
      config: { ...far, classifier_activation: 'silu', layer_types: null, num_hidden_layers: 4 },
      adapter: prompt,
    },
    { head: 'answers', config: { attention_bias: false, hidden_activation: 'relu' } },
    { head: 'choices', config: { ...far, rope_parameters: { full_attention: linear, sliding_attention: null } } },
    { head: 'vectors', config: { local_attention: 0 }, adapter: { kind: 'full' } },
  ],
  nomic_bert: [
    { head: 'texts', config: far },
    { head: 'tokens', config: { hidden_act: 'gelu' }, adapter: prompt },
    { head: 'answers', adapter: { kind: 'lora', rank: 2, targetModules: ['q_proj', 'up_proj'] } },
    { head: 'choices', config: { ...far, rope_theta: 50 }, adapter: mam },
    { head: 'vectors', adapter: { kind: 'full' } },
  ],
  gte: [
    { head: 'texts', config: { ...far, type_vocab_size: 0 } },
    {
      head: 'tokens',
      adapter: { kind: 'ia3', targetModules: ['k_proj', 'v_proj', 'down_proj'], feedforwardModules: ['down_proj'] },
    },
    { head: 'answers', config: { ...far, rope_parameters: linear, type_vocab_size: 2 }, adapter: mam },
    { head: 'vectors', config: { num_attention_heads: 4 }, adapter: prompt },
  ],
};

/** Each form of each architecture as a folder. */
export async function architectureCases(): Promise<Exported[]> {
  const all: Exported[] = [];
  for (const [type, own] of Object.entries(forms)) {
    for (const { config: changes, head, adapter = houlsby({ bottleneck: 4 }) } of own) {
      const config = { ...tinyEncoders[type], ...changes };
      const folder = tinyFolder({ config, tensors: tensorsOf(config), files: tinyTokenizer });
      const model = adapted(await heads[head](folder), adapter);
      const isOfPairs = head === 'answers' || head === 'choices';
      const texts = isOfPairs ? tinyPairs.map(([text]) => text) : tinySentences;
      const pairs = isOfPairs ? tinyPairs.map(([, second]) => second) : null;
      const asked = { texts, pairs, sequences: sequencesFor(config, adapter) };
      all.push(await exported(`${type}: ${head}, ${adapter.kind}`, model, asked));
    }
  }
  return all;
}
