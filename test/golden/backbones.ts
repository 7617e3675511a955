import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { grad, noGrad, type Tensor, tidy } from '../../src/index.ts';
import { openSafetensors, type StoredModule } from '../../src/io/index.ts';
import { SequenceHead } from '../../src/models/heads.ts';
import {
  asSaved,
  type Encoder,
  encoderAt,
  type PackedBatch,
  type PaddedBatch,
  packPadded,
  QuestionAnsweringModel,
  SequenceClassifier,
  TokenClassificationModel,
} from '../../src/models/index.ts';
import type { Parameter } from '../../src/nn/index.ts';
import { type BaseSettings, bartOutputs, compareTexts, type GenerationCase, type PairInputs } from './bart.ts';
import { type Area, bothBackends, type Case, type Compare, caseFolders, readJson } from './framework.ts';
import { labelsOf, openBart, openModel, unpack } from './models.ts';
import { runSpelling } from './spelling.ts';

export interface BackboneCase<
  Inputs = PaddedBatch & {
    /** A class for each text; where there are several, or one for each token, a list for each. */
    labels?: number[] | number[][];
    start_positions?: number[];
    end_positions?: number[];
  },
> {
  readonly architecture: string;
  readonly weights?: string;
  /** Where the weights lie, if not in this folder. */
  readonly weights_from?: string;
  readonly inputs: Inputs;
  readonly tensors: Readonly<Record<string, { tol: number }>>;
  readonly scalars?: { loss?: { value: number; tol: number } };
  readonly grad_l2_norms?: Readonly<Record<string, number>>;
  readonly grad_l2_norm_rel_tol: number;
  readonly grad_l2_norm_abs_tol: number;
}

export interface Outputs {
  readonly encoder: Encoder;
  readonly batch: PackedBatch;
  readonly values: Record<string, ArrayLike<number>>;
  readonly loss?: Tensor;
}

export type Head = (model: ReturnType<typeof openModel>, inputs: BackboneCase['inputs']) => Outputs;

export const classification: Head = ({ root, config }, inputs) => {
  const problem = config.problem_type ?? undefined;
  const model = new SequenceClassifier(root, config, { labels: labelsOf(config), problem });
  const batch = packPadded(inputs, model.encoder.positionIds);
  const logits = model.forward(batch);
  return {
    encoder: model.encoder,
    batch,
    values: { logits: logits.dataSync() },
    loss:
      inputs.labels &&
      (problem === 'multi_label_classification'
        ? model.multilabelLoss(logits, inputs.labels as number[][])
        : model.loss(logits, inputs.labels as number[])),
  };
};

export const tokenClassification: Head = ({ root, config }, inputs) => {
  const model = new TokenClassificationModel(root, config, labelsOf(config) ?? ['LABEL_0', 'LABEL_1']);
  const batch = packPadded(inputs, model.encoder.positionIds);
  const logits = model.forward(batch);
  return {
    encoder: model.encoder,
    batch,
    values: { logits: unpack(logits, batch) },
    loss: model.loss(logits, batch, inputs.labels as number[][]),
  };
};

export const questionAnswering: Head = ({ root, config }, inputs) => {
  const model = new QuestionAnsweringModel(root, config);
  const batch = packPadded(inputs, model.encoder.positionIds);
  const logits = model.forward(batch);
  const padded = unpack(logits, batch);
  const [starts, ends] = [inputs.start_positions ?? [], inputs.end_positions ?? []];
  return {
    encoder: model.encoder,
    batch,
    values: { start_logits: padded.filter((_, i) => i % 2 === 0), end_logits: padded.filter((_, i) => i % 2 === 1) },
    loss: model.loss(logits, batch, { starts, ends }),
  };
};

const bare: Head = ({ root, config }, inputs) => {
  const path = root.at(config.prefix);
  const encoder = encoderAt(path, config);
  const form = [{ at: `${config.prefix}.pooler.dense`, activation: 'tanh' }] as const;
  const pooler = new SequenceHead(root, config, form, config.hidden_size);
  const batch = packPadded(inputs, encoder.positionIds);
  const hidden = encoder.forward(batch);
  const values = { last_hidden_state: unpack(hidden, batch), pooler_output: pooler.forward(hidden, batch).dataSync() };
  return { encoder, batch, values };
};

const heads: Readonly<Record<string, Head>> = {
  BertModel: bare,
  BertForSequenceClassification: classification,
  BertForQuestionAnswering: questionAnswering,
  RobertaForSequenceClassification: classification,
  RobertaForQuestionAnswering: questionAnswering,
  BertForTokenClassification: tokenClassification,
  RobertaForTokenClassification: tokenClassification,
};

function run(folder: string, golden: BackboneCase, compare: Compare): void {
  if (!Object.hasOwn(heads, golden.architecture)) throw new Error(`unknown architecture ${golden.architecture}`);
  const opened = openModel(join(folder, golden.weights ? join(golden.weights, '..') : '.'));
  const expected = openSafetensors(join(folder, 'expected.safetensors'));
  tidy(() => {
    const { encoder, batch, values, loss } = heads[golden.architecture](opened, golden.inputs);
    noGrad(() => encoder.hiddenStates(batch)).forEach((state, i) => {
      values[`hidden_states.${i}`] = unpack(state, batch);
    });
    const ignored = opened.source.ignored();
    if (ignored.length > 0) throw new Error(`${folder}: the model does not use ${ignored.join(', ')}`);
    if (loss) compareGradients(opened.root.parameters(), golden, loss, values, compare);
    else if (golden.scalars?.loss) compare('loss', undefined, [golden.scalars.loss.value], golden.scalars.loss.tol);
    for (const [name, { tol }] of Object.entries(golden.tensors)) {
      compare(name, values[name], expected.readFloat32(name), tol);
    }
  });
}

interface BartCase extends BackboneCase<PairInputs> {
  readonly generation?: readonly GenerationCase[];
  readonly generation_base_settings?: BaseSettings;
}

async function runBart(folder: string, golden: BartCase, compare: Compare): Promise<void> {
  const place = join(folder, golden.weights_from ?? golden.weights ?? 'model.safetensors', '..');
  for (const file of ['config.json', 'config.v4.json']) {
    if (existsSync(join(place, file))) await runConfig(place, file, folder, golden, compare);
  }
}

/** @param place the folder of the model */
async function runConfig(
  place: string,
  file: string,
  folder: string,
  golden: BartCase,
  compare: Compare,
): Promise<void> {
  const model = openBart(place, file);
  for (const generation of golden.generation ?? []) {
    await compareTexts(model, golden.inputs, generation, compare, golden.generation_base_settings);
  }
  const expected = openSafetensors(join(folder, 'expected.safetensors'));
  tidy(() => {
    const { values, loss } = bartOutputs(model, golden.inputs);
    compareGradients(model.parameters(), golden, loss, values, compare);
    for (const [name, { tol }] of Object.entries(golden.tensors)) {
      compare(name, values[name], expected.readFloat32(name), tol);
    }
  });
}

export function compareGradients(
  parameters: readonly Pick<Parameter, 'name' | 'value'>[],
  golden: Omit<BackboneCase, 'inputs'>,
  loss: Tensor,
  values: Outputs['values'],
  compare: Compare,
  modules: readonly StoredModule[] = [],
): void {
  const { loss: expectedLoss } = golden.scalars ?? {};
  compare('loss', loss.dataSync(), expectedLoss && [expectedLoss.value], expectedLoss?.tol ?? 0);
  const gradients = grad(
    loss,
    parameters.map(({ value }) => value),
  );
  const inMemory = parameters.map(({ name, value: { shape } }, i) => ({
    name,
    shape,
    data: Float32Array.from(gradients[i].dataSync()),
  }));
  const norms = new Map(
    asSaved(inMemory, modules).map(({ name, data }) => {
      values[`grad/${name}`] = data;
      return [name, Math.hypot(...data)];
    }),
  );
  for (const [name, norm] of Object.entries(golden.grad_l2_norms ?? {})) {
    const got = norms.get(name);
    const tolerance = golden.grad_l2_norm_rel_tol * norm + golden.grad_l2_norm_abs_tol;
    compare(`grad_l2_norm/${name}`, got === undefined ? undefined : [got], [norm], tolerance);
  }
}

/** The classes of encoder-decoders that there are. */
export const builtWriters = /^(Bart|MBart|T5)ForConditionalGeneration$|^MarianMTModel$/;

export async function runFolder(folder: string, compare: Compare): Promise<void> {
  const golden = readJson<BackboneCase & { readonly same_as?: string }>(folder, 'case.json');
  if (golden.same_as !== undefined) runSpelling(folder, join(folder, '..', golden.same_as), compare);
  else if (builtWriters.test(golden.architecture))
    await runBart(folder, readJson<BartCase>(folder, 'case.json'), compare);
  else run(folder, golden, compare);
}

export const backbones: Area = {
  name: 'backbones',
  backends: bothBackends,
  cases: (folder) =>
    caseFolders(join(folder, 'backbones')).map(
      (path): Case => ({ name: basename(path), run: (compare) => runFolder(path, compare) }),
    ),
};
