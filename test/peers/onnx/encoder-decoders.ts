import type { AdapterSettings } from '../../../src/adapters/index.ts';
import { houlsby, lora, Seq2Seq } from '../../../src/finetune/index.ts';
import { type TinyName, tinyEncoderDecoderFolder } from '../../support/tiny-encoder-decoders.ts';
import { adapted, type Exported, exported } from './models.ts';
import { sources } from './texts.ts';

/** What is exported of an architecture. */
interface Form {
  readonly of: TinyName;
  /** What its configuration says otherwise. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly adapter: AdapterSettings;
}

const prefixes: AdapterSettings = { kind: 'mam', bottleneck: 4, prefixLength: 3, prefixBottleneck: 4 };
const room = { max_position_embeddings: 24 };

/** Each architecture with what its configuration can say, and with adapters of every kind. */
const forms: readonly Form[] = [
  { of: 'marian', config: room, adapter: houlsby({ bottleneck: 4 }) },
  {
    of: 'marian',
    config: {
      ...{ ...room, share_encoder_decoder_embeddings: false, decoder_vocab_size: 37, scale_embedding: false },
      ...{ d_model: 12, encoder_layers: 2, decoder_layers: 3, encoder_attention_heads: 3, bad_words_ids: [[1]] },
    },
    adapter: prefixes,
  },
  { of: 'mbart', config: room, adapter: lora({ rank: 2, targetModules: ['q_proj', 'v_proj', 'fc1'] }) },
  { of: 'mbart', config: { ...room, forced_bos_token_id: 9, scale_embedding: false }, adapter: prefixes },
  { of: 't5', adapter: prefixes },
  {
    of: 't5',
    config: { feed_forward_proj: 'gated-silu', relative_attention_num_buckets: 7, num_decoder_layers: undefined },
    adapter: lora({ rank: 2, targetModules: ['q', 'wi_0', 'wo'] }),
  },
  { of: 'flan-t5', adapter: houlsby({ bottleneck: 4 }) },
  { of: 'flan-t5', config: { scale_decoder_outputs: true, layer_norm_epsilon: 0.01 }, adapter: { kind: 'full' } },
];

/** Numbers that float16 holds, as most files have them. */
const held = (x: number): number => Math.round(x * 512) / 1024;

/** Each form as a folder. */
export async function encoderDecoderCases(): Promise<Exported[]> {
  const all: Exported[] = [];
  for (const [i, { of, config: changes, adapter }] of forms.entries()) {
    const model = await Seq2Seq.fromPretrained(tinyEncoderDecoderFolder(of, { changes, number: held }));
    all.push(await exported(`${of} ${i}, ${adapter.kind}`, adapted(model, adapter), { texts: sources, pairs: null }));
  }
  return all;
}
