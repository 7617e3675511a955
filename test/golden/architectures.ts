import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { noGrad, tidy } from '../../src/index.ts';
import { openSafetensors } from '../../src/io/index.ts';
import { unitRows } from '../../src/models/cosine-similarity.ts';
import {
  cosineSimilarities,
  encoderNames,
  findArchitecture,
  MultipleChoiceModel,
  type PaddedBatch,
  packPadded,
  SentenceEncoder,
} from '../../src/models/index.ts';
import { indexSelect } from '../../src/ops/gather.ts';
import { mse } from '../../src/ops/losses.ts';
import { tensor } from '../../src/tensor/create.ts';
import {
  type BackboneCase,
  builtWriters,
  classification,
  compareGradients,
  type Head,
  questionAnswering,
  runFolder,
  tokenClassification,
} from './backbones.ts';
import { type Area, bothBackends, type Compare, caseFolders, readJson } from './framework.ts';
import { openModel, unpack } from './models.ts';

/** Tables with a row for each choice of each example. */
interface OfChoices {
  readonly input_ids: number[][][];
  readonly attention_mask?: number[][][];
  readonly token_type_ids?: number[][][];
}

interface ArchitectureCase extends BackboneCase {
  readonly padded_positions?: 'compare' | 'ignore';
  readonly unused_parameters?: readonly string[];
}

const multipleChoice: Head = ({ root, config }, inputs) => {
  const model = new MultipleChoiceModel(root, config);
  const { input_ids, attention_mask, token_type_ids } = inputs as unknown as OfChoices;
  const flat: PaddedBatch = {
    input_ids: input_ids.flat(),
    attention_mask: attention_mask?.flat(),
    token_type_ids: token_type_ids?.flat(),
  };
  const batch = packPadded(flat, model.encoder.positionIds);
  const logits = model.forward(batch);
  const counts = input_ids.map((choices) => choices.length);
  return {
    encoder: model.encoder,
    batch,
    values: { logits: logits.dataSync() },
    loss: model.loss(logits, counts, inputs.labels as number[]),
  };
};

const meanPooling: Head = ({ root, config }, inputs) => {
  const model = new SentenceEncoder(root, config);
  const batch = packPadded(inputs, model.encoder.positionIds);
  const embeddings = model.forward(batch);
  const rows = (first: number) => indexSelect(embeddings, [first, first + 2]);
  const similarity = cosineSimilarities(rows(0), rows(1));
  return {
    encoder: model.encoder,
    batch,
    values: {
      sentence_embeddings: embeddings.dataSync(),
      sentence_embeddings_normalized: unitRows(embeddings).dataSync(),
      cosine_similarity: similarity.dataSync(),
    },
    loss: mse(similarity, tensor(inputs.labels as number[])),
  };
};

/** By the end of the Python class. */
const heads: Readonly<Record<string, Head>> = {
  ForSequenceClassification: classification,
  ForTokenClassification: tokenClassification,
  ForQuestionAnswering: questionAnswering,
  ForMultipleChoice: multipleChoice,
  Model: meanPooling,
};

const headOf = ({ architecture }: ArchitectureCase): Head | undefined =>
  heads[Object.keys(heads).find((end) => architecture.endsWith(end)) ?? ''];

/** Numbers of the tokens of each text, or of each choice of each example. */
type OfRows = readonly (readonly (number | readonly number[])[])[];

/** Values of padded positions that depend on how a library fills them are stored as 0. */
function withoutPadding(values: ArrayLike<number>, mask: OfRows): number[] {
  const cells = mask.flat(2);
  const width = values.length / cells.length;
  return Array.from(values, (value, i) => (cells[Math.floor(i / width)] === 0 ? 0 : value));
}

function compareEncoder(folder: string, golden: ArchitectureCase, head: Head, compare: Compare): void {
  const opened = openModel(folder);
  const expected = openSafetensors(join(folder, 'expected.safetensors'));
  const { inputs, padded_positions, unused_parameters = [] } = golden;
  const mask = padded_positions === 'ignore' ? (inputs.attention_mask as OfRows | undefined) : undefined;
  tidy(() => {
    const { encoder, batch, values, loss } = head(opened, inputs);
    noGrad(() => encoder.hiddenStates(batch)).forEach((state, i) => {
      values[`hidden_states.${i}`] = unpack(state, batch);
    });
    const ignored = opened.source.ignored().filter((name) => !unused_parameters.includes(name));
    if (ignored.length > 0) throw new Error(`${folder}: the model does not use ${ignored.join(', ')}`);
    // The bare model was saved without its prefix.
    const { prefix } = opened.config;
    const start = golden.architecture.endsWith('Model') ? `${prefix}.` : '';
    const parameters = opened.root.parameters();
    const own = (name: string) => name.replace(start, '');
    const inFile = parameters.map(({ name, value }) => ({ name: own(name), value }));
    const modules = encoderNames(opened.config).modules.map(({ name, parts }) => ({
      name: own(name),
      parts: parts.map(own),
    }));
    if (loss) compareGradients(inFile, golden, loss, values, compare, modules);
    for (const [name, { tol }] of Object.entries(golden.tensors)) {
      const isOfTokens = name.startsWith('hidden_states.') || (name === 'logits' && head === tokenClassification);
      const value = mask && isOfTokens ? withoutPadding(values[name], mask) : values[name];
      compare(name, value, expected.readFloat32(name), tol);
    }
  });
}

const isWriter = (path: string): boolean =>
  builtWriters.test(readJson<ArchitectureCase>(path, 'case.json').architecture);

/** Whether there is an encoder and a head for a case here. */
const isEncoder = (path: string): boolean =>
  existsSync(join(path, 'config.json')) &&
  findArchitecture(readJson(path, 'config.json').model_type) !== undefined &&
  headOf(readJson<ArchitectureCase>(path, 'case.json')) !== undefined;

export const architectures: Area = {
  name: 'architectures',
  backends: bothBackends,
  cases(folder) {
    const folders = caseFolders(join(folder, 'architectures'));
    const others = folders.filter((path) => !isWriter(path) && !isEncoder(path));
    if (others.length > 0) console.log(`architectures not built: ${others.map((path) => basename(path)).join(', ')}`);
    const writers = folders.filter(isWriter).map((path) => ({
      name: basename(path),
      run: (compare: Compare) => runFolder(path, compare),
    }));
    const encoders = folders.filter(isEncoder).map((path) => {
      const golden = readJson<ArchitectureCase>(path, 'case.json');
      const run = async (compare: Compare) => compareEncoder(path, golden, headOf(golden) as Head, compare);
      return { name: basename(path), run };
    });
    return [...encoders, ...writers];
  },
};
