/**
 * Compares the architectures with BERT, and T5 with BART, of the same sizes, in turns in one process on one thread: forward passes and
 * training steps with Houlsby adapters or LoRA.
 *
 *     node benchmarks/architectures.ts [--only <name>] [--rounds 7] [--dtype int8] [--adapter lora] [--profile]
 *
 * The inner width of gated perceptrons is two thirds of that of others, so that all layers have the same number of weights. Prints the
 * processor time of each, and the median over the rounds of its ratio to that of BERT or BART just before. With --profile it prints where
 * the time goes instead: milliseconds of a step by kernel, beside those of the model that it is compared with.
 */
import { Command, Option } from 'commander';
import { attachAdapter, freezeBackbone, houlsby, lora } from '../src/adapters/index.ts';
import { WasmBackend } from '../src/backends/wasm/index.ts';
import { printTable } from '../src/cli/output.ts';
import { parserOf } from '../src/cli/setting-options.ts';
import { enableSimd256, noGrad, Random, setBackend, type Tensor, tidy } from '../src/index.ts';
import {
  packSequences,
  parseEncoderConfig,
  parseEncoderDecoderConfig,
  Seq2SeqModel,
  SequenceClassifier,
} from '../src/models/index.ts';
import { ParameterPath } from '../src/nn/index.ts';
import { positiveInteger } from '../src/settings/index.ts';
import { classificationLoss, seq2seqLoss } from '../src/training/index.ts';
import { median } from './statistics.ts';
import { milliseconds } from './table.ts';
import type { Job } from './workers/job.ts';
import { tokenId } from './workers/numbers.ts';
import { source, stepper } from './workers/ours-model.ts';
import { Profiler } from './workers/profiler.ts';

interface Flags {
  readonly only: string;
  readonly rounds: number;
  readonly dtype: 'float32' | 'int8';
  readonly adapter: keyof typeof adapters;
  readonly profile?: boolean;
}

const adapters = { houlsby: houlsby.configure({ bottleneck: 48 }), lora: lora.configure({ rank: 8 }) };

const flags = new Command('node benchmarks/architectures.ts')
  .option('--only <name>', 'architectures whose name contains this', '')
  .option('--rounds <number>', 'turns of each', parserOf(positiveInteger), 7)
  .addOption(new Option('--dtype <dtype>', 'the frozen weights').choices(['float32', 'int8']).default('float32'))
  .addOption(new Option('--adapter <family>', 'what is trained').choices(Object.keys(adapters)).default('houlsby'))
  .option('--profile', 'print the time of each kernel in a step')
  .parse()
  .opts<Flags>();

const vocabulary = 8000;
const [layers, hidden, heads, inner] = [6, 384, 12, 1536];
const gated = (2 / 3) * inner;
const texts = [47, 71, 55, 64, 60, 52, 68, 63];

const bert = {
  ...{ model_type: 'bert', vocab_size: vocabulary, max_position_embeddings: 2048, hidden_size: hidden },
  ...{ num_hidden_layers: layers, num_attention_heads: heads, intermediate_size: inner },
  ...{ hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
};
const { hidden_dropout_prob: _, ...dropsNothing } = bert;
const bart = {
  ...{ model_type: 'bart', vocab_size: vocabulary, d_model: hidden, max_position_embeddings: 1024 },
  ...{ encoder_layers: layers, decoder_layers: layers },
  ...{ encoder_attention_heads: heads, decoder_attention_heads: heads, encoder_ffn_dim: inner, decoder_ffn_dim: inner },
  ...{ dropout: 0, activation_function: 'gelu', scale_embedding: false },
};
const t5 = {
  ...{ model_type: 't5', vocab_size: vocabulary, d_model: hidden, d_kv: hidden / heads, num_heads: heads },
  ...{ d_ff: inner, num_layers: layers, dropout_rate: 0 },
};

/** An architecture as its file tells it, and what it is compared with. */
interface Contender {
  readonly config: Readonly<Record<string, unknown>>;
  readonly texts?: readonly number[];
  readonly base?: Readonly<Record<string, unknown>>;
}

const modernbert = { ...dropsNothing, model_type: 'modernbert', pad_token_id: 0, intermediate_size: gated };
const contenders: Readonly<Record<string, Contender>> = {
  roberta: { config: { ...bert, model_type: 'roberta', position_embedding_type: 'absolute' } },
  distilbert: {
    config: {
      ...{ model_type: 'distilbert', vocab_size: vocabulary, max_position_embeddings: 2048, dim: hidden },
      ...{ n_layers: layers, n_heads: heads, hidden_dim: inner, dropout: 0, attention_dropout: 0 },
    },
  },
  electra: { config: { ...bert, model_type: 'electra', embedding_size: hidden } },
  albert: { config: { ...bert, model_type: 'albert', embedding_size: 128 } },
  mpnet: { config: { ...bert, model_type: 'mpnet' } },
  'deberta-v2': {
    config: {
      ...{ ...bert, model_type: 'deberta-v2', type_vocab_size: 0, relative_attention: true, position_buckets: 256 },
      ...{
        position_biased_input: false,
        pos_att_type: ['p2c', 'c2p'],
        norm_rel_ebd: 'layer_norm',
        share_att_key: true,
      },
    },
  },
  modernbert: { config: modernbert },
  'modernbert, 2 x 1024': { config: modernbert, texts: [1024, 1024] },
  nomic_bert: { config: { ...bert, model_type: 'nomic_bert', intermediate_size: gated } },
  gte: { config: { ...bert, model_type: 'gte', intermediate_size: gated } },
  t5: { config: { ...t5, feed_forward_proj: 'relu' }, base: bart },
  'flan-t5': { config: { ...t5, d_ff: gated, feed_forward_proj: 'gated-gelu' }, base: bart },
};

interface Jobs {
  readonly forward: () => Promise<unknown>;
  readonly step: () => Promise<unknown>;
}

const root = () => ParameterPath.root(new Random(1), source, { backboneDtype: flags.dtype });
const idsOf = (length: number, s: number) => Array.from({ length }, (_, i) => 4 + tokenId(0, s, i, vocabulary - 4));

function jobsOf(config: Contender['config'], lengths: readonly number[]): Jobs {
  const isPair = config === bart || config.model_type === 't5';
  return isPair ? pairJobs(config, lengths) : textJobs(config, lengths);
}

function textJobs(config: Contender['config'], lengths: readonly number[]): Jobs {
  const model = new SequenceClassifier(root(), parseEncoderConfig(config), { labels: ['no', 'yes'] });
  const batch = lengths.map((length, s) => ({ ids: idsOf(length, s), label: s % 2 }));
  return adapted(
    model,
    () => model.forward(packSequences(batch, model.encoder.positionIds)),
    (random) => classificationLoss(model, batch, random),
  );
}

function pairJobs(config: Contender['config'], lengths: readonly number[]): Jobs {
  const model = new Seq2SeqModel(root(), parseEncoderDecoderConfig(config));
  const batch = lengths.map((length, s) => ({ ids: idsOf(length, s), targetIds: idsOf(length >> 1, s) }));
  return adapted(
    model,
    () => model.forward(model.pack(batch)),
    (random) => seq2seqLoss(model, batch, random),
  );
}

function adapted(
  model: SequenceClassifier | Seq2SeqModel,
  logits: () => Tensor,
  loss: (random: Random) => Tensor,
): Jobs {
  freezeBackbone(model, attachAdapter(model, adapters[flags.adapter]));
  const trainer = stepper(
    model.parameters().filter(({ trainable }) => trainable),
    loss,
  );
  return {
    forward: async () => {
      const made = tidy(() => noGrad(logits));
      await made.data();
      made.dispose();
    },
    step: () => trainer.trainStep(),
  };
}

/** Processor seconds of a run. */
async function secondsOf(run: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

async function compare(base: () => Promise<unknown>, other: () => Promise<unknown>): Promise<string[]> {
  for (const run of [base, other, base, other]) await run();
  const rounds: (readonly [number, number])[] = [];
  for (let i = 0; i < flags.rounds; i++) rounds.push([await secondsOf(base), await secondsOf(other)]);
  const ratio = median(rounds.map(([a, b]) => b / a));
  return [milliseconds(median(rounds.map(([, b]) => b))), ratio.toFixed(2)];
}

/** Prints the milliseconds of a step by kernel, of both. */
async function profileOf(
  watch: (job: Job) => Job,
  base: () => Promise<unknown>,
  other: () => Promise<unknown>,
): Promise<void> {
  const sides = [];
  for (const run of [base, other]) {
    await run();
    const job: Job = {
      run: async () => {
        for (let i = 0; i < flags.rounds; i++) await run();
        return { seconds: 0, value: 0 };
      },
    };
    const { parts = {} } = await watch(job).run();
    sides.push(parts);
  }
  const [before, after] = sides;
  const rows = Object.entries(after)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 24)
    .map(([name, seconds]) => [name, ...[seconds, before[name] ?? 0].map((s) => milliseconds(s / flags.rounds))]);
  printTable(rows, ['kernel', 'ms', 'of the other']);
}

const profiler = flags.profile ? await Profiler.enable() : null;
enableSimd256();
const backend = await setBackend('wasm', { threads: 1 });
if (!(backend instanceof WasmBackend)) throw new Error('The wasm backend is not there.');
process.stdout.write(`${process.version}, ${backend.describe()}, ${flags.dtype}, ${flags.adapter}\n`);
const rows: string[][] = [];
for (const [name, { config, texts: lengths = texts, base = bert }] of Object.entries(contenders)) {
  if (!name.includes(flags.only)) continue;
  const [first, second] = [jobsOf(base, lengths), jobsOf(config, lengths)];
  if (profiler) {
    process.stdout.write(`\n${name}\n`);
    await profileOf((job) => profiler.watch(job, backend), first.step, second.step);
  } else {
    rows.push([name, ...(await compare(first.forward, second.forward)), ...(await compare(first.step, second.step))]);
  }
}
if (!profiler) printTable(rows, ['', 'forward, ms', 'ratio', 'step, ms', 'ratio']);
