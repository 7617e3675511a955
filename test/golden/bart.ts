import { join } from 'node:path';
import { grad, hvp, type Tensor, tidy } from '../../src/index.ts';
import { openSafetensors } from '../../src/io/index.ts';
import {
  generate,
  type PackedBatch,
  type PackedPairs,
  packPadded,
  parseGenerationSettings,
  type Seq2SeqModel,
  shiftRight,
} from '../../src/models/index.ts';
import type { Compare } from './framework.ts';
import { type AdapterSpec, openBart, storedAdapter, storedName, unpack } from './models.ts';

/** A padded batch of pairs. */
export interface PairInputs {
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  /** Default: the labels, shifted. */
  readonly decoder_input_ids?: number[][];
  readonly decoder_attention_mask?: number[][];
  readonly labels: number[][];
}

export type Values = Record<string, ArrayLike<number>>;

function pack({ transformer: bart, config }: Seq2SeqModel, inputs: PairInputs): PackedPairs {
  const { labels, decoder_input_ids = labels.map((row) => shiftRight(row, config)) } = inputs;
  const target = packPadded(
    { input_ids: decoder_input_ids, attention_mask: inputs.decoder_attention_mask },
    bart.positionIds,
  );
  return {
    source: packPadded(inputs, bart.positionIds),
    target,
    labels: Int32Array.from(target.columns, (column, row) => labels[sequenceOf(target, row)][column]),
  };
}

const sequenceOf = ({ offsets }: PackedBatch, row: number): number => offsets.findLastIndex((first) => first <= row);

function compute(model: Seq2SeqModel, batch: PackedPairs): { values: Values; loss: Tensor } {
  const { source, target } = batch;
  const { encoder, decoder } = model.transformer.hiddenStates(source, target);
  const logits = model.logits(decoder[decoder.length - 1]);
  const values: Values = { logits: unpack(logits, target) };
  encoder.forEach((state, i) => {
    values[`encoder_hidden_states.${i}`] = unpack(state, source);
  });
  decoder.forEach((state, i) => {
    values[`decoder_hidden_states.${i}`] = unpack(state, target);
  });
  return { values, loss: model.loss(logits, batch) };
}

/** States, logits and loss, in the places of the padded batch. */
export function bartOutputs(model: Seq2SeqModel, inputs: PairInputs): { values: Values; loss: Tensor } {
  return compute(model, pack(model, inputs));
}

/** Texts that Hugging Face generated for the sources of a batch, padded to one length. */
export interface GenerationCase {
  readonly settings: Readonly<Record<string, unknown>> & { readonly id: string };
  readonly sequences: number[][];
  readonly sequences_scores: number[] | null;
  readonly sequences_scores_tol: number;
}

/** Settings that all texts of a case are generated with. */
export type BaseSettings = Readonly<Record<string, unknown>> & { readonly decoder_start_token_id?: number };

/** Generates texts anew: the tokens must be the same ones. */
export async function compareTexts(
  model: Seq2SeqModel,
  { input_ids, attention_mask }: PairInputs,
  { settings, sequences, sequences_scores, sequences_scores_tol }: GenerationCase,
  compare: Compare,
  base: BaseSettings = {},
): Promise<void> {
  const sources = input_ids.map((ids, s) => ids.filter((_, column) => attention_mask[s][column] !== 0));
  const texts = (
    await generate(model, sources, {
      ...parseGenerationSettings({ ...base, ...settings }),
      decoderStartTokenId: base.decoder_start_token_id ?? null,
    })
  ).flat();
  const padded = texts.map(({ ids }, i) => [
    ...ids,
    ...sequences[i].slice(ids.length).map(() => model.config.pad_token_id),
  ]);
  compare(`generation/${settings.id}`, padded.flat(), sequences.flat(), 0);
  if (!sequences_scores) return;
  const scores = texts.map(({ score }) => score ?? Number.NaN);
  compare(`generation/${settings.id}/scores`, scores, sequences_scores, sequences_scores_tol);
}

export interface BartAdapterCase {
  readonly backbone: string;
  readonly adapter: string;
  readonly expected: string;
  readonly spec: AdapterSpec;
  readonly inputs: PairInputs;
  readonly tensors: Readonly<Record<string, { tol: number }>>;
  readonly scalars: { loss: { value: number; tol: number } };
}

/** States, gradients and Hessian-vector products of BART with an adapter. */
export function runBartAdapter(folder: string, golden: BartAdapterCase, compare: Compare): void {
  const model = openBart(join(folder, golden.backbone));
  const { adapter } = storedAdapter(model, join(folder, golden.adapter), golden.spec);
  const batch = pack(model, golden.inputs);
  tidy(() => {
    const { values, loss } = compute(model, batch);
    compare('loss', loss.dataSync(), [golden.scalars.loss.value], golden.scalars.loss.tol);
    const leaves = adapter.parameters.map(({ value }) => value);
    const gradients = grad(loss, leaves);
    // H g over the tensors of the adapter alone.
    const products = hvp(() => model.loss(model.forward(batch), batch), leaves, gradients);
    adapter.parameters.forEach((parameter, i) => {
      values[`grad/${storedName(golden.spec, parameter)}`] = gradients[i].dataSync();
      values[`hg/${storedName(golden.spec, parameter)}`] = products[i].dataSync();
    });
    const expected = openSafetensors(join(folder, golden.expected));
    for (const [name, { tol }] of Object.entries(golden.tensors)) {
      compare(name, values[name], expected.readFloat32(name), tol);
    }
  });
}
