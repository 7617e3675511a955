/**
 * Models as ONNX files in a folder that transformers.js loads.
 *
 * protobuf.ts writes the wire format, graph.ts nodes and constants. model-graph.ts has the layers of a transformer in three ways to
 * hold weights (numbers.ts). attached.ts reads what an adapter adds to a graph beside merged weights. encoder-graph.ts and seq2seq-graph.ts
 * build the networks from these (an architecture is a file in encoders/ or encoder-decoders/), head-graph.ts what follows.
 * folder.ts writes what is beside the graphs, written.ts cuts those that are too large for one file.
 */
import type { Adapter } from '../../adapters/index.ts';
import { InputError } from '../../errors.ts';
import { type FileContent, tokenizerCopies } from '../../io/index.ts';
import { EncoderModel } from '../../models/encoder-model.ts';
import {
  Encoder,
  type GenerationSettings,
  isEncoderDecoder,
  isHeadParameter,
  longestSequence,
  type ModelConfig,
  MultipleChoiceModel,
  QuestionAnsweringModel,
  SentenceEncoder,
  Seq2SeqModel,
  SequenceClassifier,
  TokenClassificationModel,
} from '../../models/index.ts';
import type { Parameter } from '../../nn/index.ts';
import type { Languages } from '../../text/index.ts';
import { type AttachedParts, attachedParts } from './attached.ts';
import { encoderNodes } from './encoder-graph.ts';
import { configFile, type FolderHead, generationFile, tokenizerFiles } from './folder.ts';
import { type EncoderWithHead, headNodes } from './head-graph.ts';
import { ModelGraph, type ModelWeights } from './model-graph.ts';
import { type GraphName, graphFile, type OnnxDType, onnxDTypes } from './names.ts';
import type { DenseWeight } from './numbers.ts';
import { seq2SeqGraphOf, seq2SeqGraphs } from './seq2seq-graph.ts';
import { modelFiles } from './written.ts';

/** A model to export, whose weights have those of its adapter merged into them that can be. */
export interface OnnxSource {
  readonly network: unknown;
  readonly adapter: Adapter;
  /** The pretrained parameters. */
  readonly backbone: readonly Parameter[];
  /** The folder of the backbone, whose configuration is kept. */
  readonly folder: string;
  readonly tokenizerFolder: string;
  /** One more than the largest token type of a pair of texts. */
  readonly tokenTypes: number;
  /** Tokens at which texts are cut. */
  readonly maxLength: number;
  /** How texts are generated, where the model does that. */
  readonly generation?: Partial<GenerationSettings>;
  /** Of the texts, where the tokenizer has languages. */
  readonly languages?: Languages;
  /** Told what the folder lacks. */
  readonly warn?: (warning: string) => void;
}

export interface OnnxOptions {
  /** The model files that are written. Default: all. */
  readonly dtype?: readonly OnnxDType[];
  /** Bytes of a file above which the numbers of a model are in files beside it. Default: nearly 2³¹, where the format ends. */
  readonly largestFile?: number;
}

/** The graphs of a model, each with what builds it. */
type Graphs = readonly (readonly [name: GraphName, build: (graph: ModelGraph) => void])[];

const kinds = [
  SequenceClassifier,
  TokenClassificationModel,
  QuestionAnsweringModel,
  MultipleChoiceModel,
  SentenceEncoder,
];

const isEncoder = (network: unknown): network is EncoderWithHead =>
  network instanceof EncoderModel &&
  network.encoder instanceof Encoder &&
  kinds.some((kind) => network instanceof kind);

/**
 * The files of a folder for transformers.js with a model and its adapter.
 *
 * @throws InputError naming what has no nodes here, and for numbers that float16 cannot hold
 */
export async function onnxFiles(
  source: OnnxSource,
  { dtype: dtypes = onnxDTypes, largestFile }: OnnxOptions = {},
): Promise<Record<string, FileContent>> {
  const { network, folder, tokenizerFolder, backbone } = source;
  if (network instanceof EncoderModel && !isEncoder(network)) {
    throw new InputError("--to onnx (to) has no nodes for a head of BART; save it as 'huggingface'.");
  }
  if (!isEncoder(network) && !(network instanceof Seq2SeqModel)) {
    throw new InputError("--to onnx (to) has no nodes for a model of this kind; save it as 'sparse'.");
  }
  const { config } = network;
  const parts = await attachedParts(source.adapter);
  if (parts.promptLength > 0 && !isEncoder(network)) {
    throw new InputError("--to onnx (to) has no nodes for prompt tuning of an encoder-decoder; save it as 'sparse'.");
  }
  const hasTypes = !isEncoderDecoder(config) && source.tokenTypes > 1 && config.type_vocab_size > 1;
  const graphs = isEncoder(network)
    ? encoderGraph(network, parts, hasTypes)
    : seq2SeqGraphs({ config: network.config, parts });
  const constants = network instanceof Seq2SeqModel ? network.constants : [];
  const weights = await weightsOf([...network.parameters(), ...constants]);
  const needed = [...backbone, ...network.parameters().filter(isHeadParameter), ...constants];
  const files: Record<string, FileContent> = {};
  const outside: Record<string, number> = {};
  for (const dtype of dtypes) {
    const unused = new Set(needed.map(({ name }) => name));
    for (const [name, build] of graphs) {
      const graph = new ModelGraph(weights, dtype);
      build(graph);
      for (const used of graph.used) unused.delete(used);
      const file = graphFile(name, dtype);
      const made = modelFiles(graph, file, largestFile);
      for (const [path, content] of Object.entries(made.files)) files[`onnx/${path}`] = content;
      if (made.outside > 0) outside[file] = made.outside;
    }
    for (const name of unused) {
      throw new InputError(`--to onnx (to) has no nodes for the weight ${name}; save it as 'sparse' or 'huggingface'.`);
    }
  }
  const { generation, languages } = source;
  const tokenizer = tokenizerFiles(tokenizerFolder, config, hasTypes, longestText(source, config, parts), languages);
  const hasTokenizer = Object.keys(tokenizer).length > 0;
  if (!hasTokenizer) {
    source.warn?.(
      'The folder has no tokenizer.json: none gives the tokens of its sentencepiece vocabulary exactly, whose files are copied; give the graphs the ids of these tokens.',
    );
  }
  const sizes = isEncoderDecoder(config) ? seq2SeqGraphOf(config).cacheSizes(config) : {};
  return {
    'config.json': configFile(folder, config, headOf(network), outside, sizes),
    ...(isEncoderDecoder(config) && { 'generation_config.json': generationFile(folder, config, generation) }),
    ...(hasTokenizer ? tokenizer : tokenizerCopies(tokenizerFolder)),
    ...files,
  };
}

function encoderGraph(network: EncoderWithHead, parts: AttachedParts, hasTypes: boolean): Graphs {
  const { config } = network;
  return [['model', (graph) => headNodes(graph, network, encoderNodes(graph, { config, parts, hasTypes }))]];
}

/** Tokens at which a text is cut: as the run does, but for answers, which it finds in several windows of a long text. */
function longestText({ network, maxLength }: OnnxSource, config: ModelConfig, parts: AttachedParts): number {
  const shift = Math.max(0, ...parts.shifts.values());
  const room = longestSequence(config) - shift - parts.promptLength;
  return network instanceof QuestionAnsweringModel ? room : Math.min(room, maxLength);
}

function headOf(network: EncoderWithHead | Seq2SeqModel): FolderHead {
  if (network instanceof SequenceClassifier) {
    const { headKind: kind, outputs, problem } = network;
    return { kind, outputs, problem };
  }
  if (network instanceof TokenClassificationModel) return { kind: network.headKind, outputs: network.labels };
  return { kind: network instanceof SentenceEncoder ? 'none' : network.headKind, outputs: null };
}

async function weightsOf(parameters: readonly Parameter[]): Promise<ModelWeights> {
  const read = parameters.map(async (parameter): Promise<[string, DenseWeight]> => {
    const values = Float32Array.from(await parameter.data());
    return [parameter.name, { shape: parameter.shape, values }];
  });
  return new Map(await Promise.all(read));
}
