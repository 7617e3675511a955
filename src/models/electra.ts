import * as v from 'valibot';
import { boolean, positiveInteger, probability } from '../settings/index.ts';
import type { Architecture } from './architecture.ts';
import { bert, layersOfBert } from './bert.ts';
import type { EncoderConfig } from './config.ts';
import { activationName, fieldError, optional } from './config-json.ts';
import { Encoder } from './encoder.ts';
import { bertEntries, bertSizes } from './encoder-schema.ts';
import { type HeadLayer, headDropout, plainHeads } from './heads.ts';
import { SummedEmbeddings } from './parts/embeddings.ts';
import { projected } from './parts/projected.ts';

const entries = {
  ...bertEntries,
  embedding_size: optional(positiveInteger, 128),
  // What reads the first token where answers are chosen; heads for texts do not follow it.
  summary_type: optional(v.string(), 'first'),
  summary_use_proj: optional(boolean, true),
  summary_activation: optional(v.union([activationName, v.literal('')]), 'gelu'),
  summary_first_dropout: optional(probability, null),
  summary_last_dropout: optional(probability, 0.1),
};

/** In the place of the linear layer of a summary that has none: dropout and activation stay. */
const unprojected: Pick<HeadLayer, 'build' | 'tensors'> = { build: () => ({ forward: (x) => x }), tensors: [] };

/** The summary of another token than the first one. @throws InputError where a head for choices is made */
const otherSummary = (type: string): Pick<HeadLayer, 'build'> => ({
  build: () => {
    throw fieldError('summary_type', type, 'first where answers are chosen');
  },
});

interface ElectraConfig extends EncoderConfig {
  readonly embedding_size: number;
  readonly summary: readonly HeadLayer[];
  /** Before the layer after the summary. */
  readonly summary_dropout: number;
}

/** ELECTRA (Clark et al., 2020): BERT with narrower tables, which a linear layer widens, and a head of its own. */
export const electra: Architecture<ElectraConfig, typeof entries> = {
  ...bert,
  type: 'electra',
  title: 'ELECTRA',
  classes: ['Electra'],
  prefix: 'electra',
  entries,
  sizes: (fields) => ({
    ...bertSizes(fields),
    embedding_size: fields.embedding_size,
    summary: [
      {
        at: 'sequence_summary.summary', // [hidden, hidden]
        dropout: fields.summary_first_dropout ?? undefined,
        activation: fields.summary_activation || undefined,
        ...(fields.summary_use_proj ? {} : unprojected),
        ...(fields.summary_type === 'first' ? {} : otherSummary(fields.summary_type)),
      },
    ],
    summary_dropout: fields.summary_last_dropout,
  }),
  build: (path, config) =>
    new Encoder(path.prefix, config, {
      embeddings: projected(
        new SummedEmbeddings(path.at('embeddings'), config, { size: config.embedding_size }),
        path.at('embeddings_project'), // [hidden, embedding]
        config,
      ),
      layers: layersOfBert(path, config),
    }),
  heads(config) {
    const dropout = headDropout(config);
    return {
      text: [
        { at: 'classifier.dense', dropout, activation: 'gelu' }, // [hidden, hidden]
        { at: 'classifier.out_proj', dropout }, // [labels, hidden]
      ],
      choice: [...config.summary, { at: 'classifier', dropout: config.summary_dropout }],
      ...plainHeads(dropout),
    };
  },
};
