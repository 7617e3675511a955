import {
  Classifier,
  Embedder,
  MultipleChoice,
  type PretrainedModel,
  QuestionAnswering,
  Seq2Seq,
  TokenClassifier,
} from '../../../src/finetune/index.ts';
import { type Tensor, tidy } from '../../../src/index.ts';
import {
  MultipleChoiceModel,
  packPadded,
  QuestionAnsweringModel,
  SentenceEncoder,
  Seq2SeqModel,
  SequenceClassifier,
  TokenClassificationModel,
} from '../../../src/models/index.ts';
import type { TaskTypes } from '../../../src/training/index.ts';
import { type BackboneName, isEncoderDecoder } from './backbones.ts';

export type AnyModel = PretrainedModel<TaskTypes>;

/** Rows of one length, under the names of transformers. A model that chooses takes them as the choices of one example. */
export interface Inputs {
  readonly input_ids: readonly number[][];
  readonly token_type_ids?: readonly number[][];
  readonly decoder_input_ids?: readonly number[][];
}

/** A task here, and the class of transformers that has the same head. */
export interface PeerTask {
  readonly backbones: readonly BackboneName[];
  open(folder: string): Promise<AnyModel>;
  /** The class, and what its configuration must say. */
  readonly auto: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether AdapterHub's own models have such a head. */
  readonly isFlexible: boolean;
}

const labels = ['money', 'friends', 'work'];
const encoders: readonly BackboneName[] = ['bert', 'roberta'];

export const tasks = {
  classification: {
    backbones: encoders,
    open: (folder) => Classifier.fromPretrained(folder, { labels }),
    auto: 'AutoModelForSequenceClassification',
    options: { num_labels: 3 },
    isFlexible: true,
  },
  'several labels': {
    backbones: encoders,
    open: (folder) => Classifier.fromPretrained(folder, { labels, problemType: 'multi_label_classification' }),
    auto: 'AutoModelForSequenceClassification',
    options: { num_labels: 3, problem_type: 'multi_label_classification' },
    isFlexible: true,
  },
  regression: {
    backbones: encoders,
    open: (folder) => Classifier.fromPretrained(folder, { labels: null }),
    auto: 'AutoModelForSequenceClassification',
    options: { num_labels: 1 },
    isFlexible: true,
  },
  tokens: {
    backbones: encoders,
    open: (folder) => TokenClassifier.fromPretrained(folder, { labels: ['O', 'B-X', 'I-X'] }),
    auto: 'AutoModelForTokenClassification',
    options: { num_labels: 3 },
    isFlexible: true,
  },
  answers: {
    backbones: encoders,
    open: (folder) => QuestionAnswering.fromPretrained(folder),
    auto: 'AutoModelForQuestionAnswering',
    options: {},
    isFlexible: true,
  },
  choices: {
    backbones: encoders,
    open: (folder) => MultipleChoice.fromPretrained(folder),
    auto: 'AutoModelForMultipleChoice',
    options: {},
    isFlexible: true,
  },
  embeddings: {
    backbones: encoders,
    open: (folder) => Embedder.fromPretrained(folder),
    auto: 'AutoModel',
    options: {},
    isFlexible: false,
  },
  summaries: {
    backbones: ['bart'],
    open: (folder) => Seq2Seq.fromPretrained(folder),
    auto: 'AutoModelForSeq2SeqLM',
    options: {},
    isFlexible: false,
  },
} as const satisfies Record<string, PeerTask>;
export type TaskName = keyof typeof tasks;

/** A task and a backbone that has it. */
export interface TaskPlace {
  readonly task: TaskName;
  readonly backbone: BackboneName;
}

/** Tasks of BART whose decoder reads the text that its encoder reads. */
export const bartReads: readonly TaskName[] = ['classification', 'several labels', 'answers'];

/** What the configuration of a model must say. */
export const optionsOf = ({ task, backbone }: TaskPlace): Readonly<Record<string, unknown>> => ({
  ...tasks[task].options,
  // With fused attention AdapterHub masks prefixes otherwise, as convert says.
  ...(backbone === 'bart' && { attn_implementation: 'eager' }),
});

/** Inputs that every model of a backbone can take: one row, several, and pairs where there are token types. */
export function inputsFor({ task, backbone }: TaskPlace): readonly Inputs[] {
  if (backbone === 'bart' && bartReads.includes(task)) {
    const texts = [
      [0, 14, 8, 18, 2],
      [0, 22, 9, 13, 2],
    ];
    return [{ input_ids: [texts[0]] }, { input_ids: texts }, { input_ids: [[0, 14, 2, 2, 21, 9, 2]] }];
  }
  const rows = [
    [2, 14, 8, 18, 3],
    [2, 22, 9, 13, 3],
  ];
  if (isEncoderDecoder(backbone))
    return rows.map((row) => ({ input_ids: [row], decoder_input_ids: [[2, 0, ...row.slice(1, 3)]] }));
  const pair = { input_ids: [[2, 14, 8, 3, 21, 3]], token_type_ids: [[0, 0, 0, 0, 1, 1]] };
  return [{ input_ids: [rows[0]] }, { input_ids: rows }, ...(backbone === 'bert' ? [pair] : [])];
}

/** What transformers gives for the same inputs: logits, those of starts and then of ends, or last hidden states. */
export function outputsOf({ network }: Pick<AnyModel, 'network'>, inputs: Inputs): number[] {
  const values = tidy(() => Array.from(forward(network, inputs).dataSync()));
  if (!(network instanceof QuestionAnsweringModel)) return values;
  return [0, 1].flatMap((side) => values.filter((_, i) => i % 2 === side));
}

function forward(network: object, inputs: Inputs): Tensor {
  if (network instanceof Seq2SeqModel) {
    const { positionIds } = network.transformer;
    const source = packPadded({ input_ids: inputs.input_ids }, positionIds);
    const target = packPadded({ input_ids: inputs.decoder_input_ids ?? [] }, positionIds);
    return network.forward({ source, target });
  }
  if (network instanceof SentenceEncoder)
    return network.encoder.forward(packPadded(inputs, network.encoder.positionIds));
  if (
    network instanceof SequenceClassifier ||
    network instanceof TokenClassificationModel ||
    network instanceof QuestionAnsweringModel ||
    network instanceof MultipleChoiceModel
  ) {
    return network.forward(packPadded(inputs, network.encoder.positionIds));
  }
  throw new Error(`Nothing here computes the outputs of a ${network.constructor.name}.`);
}
