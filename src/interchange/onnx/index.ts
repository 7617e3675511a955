/**
 * Models as ONNX files in a folder that transformers.js loads.
 *
 * protobuf.ts writes the wire format, graph.ts nodes and constants. model-graph.ts has the layers of a transformer in three ways to
 * hold weights (numbers.ts). attached.ts reads what an adapter adds to a graph beside merged weights. encoder-graph.ts and
 * bart-encoder-graph.ts, bart-decoder-graph.ts build the networks from these, head-graph.ts what follows. folder.ts writes what is
 * beside the graphs, written.ts cuts those that are too large for one file.
 */
import type { Adapter } from '../../adapters/index.ts';
import { InputError } from '../../errors.ts';
import type { FileContent } from '../../io/index.ts';
import {
  isHeadParameter,
  longestSequence,
  MultipleChoiceModel,
  QuestionAnsweringModel,
  SentenceEncoder,
  SequenceClassifier,
  TokenClassificationModel,
} from '../../models/index.ts';
import type { Parameter } from '../../nn/index.ts';
import { attachedParts } from './attached.ts';
import { encoderNodes } from './encoder-graph.ts';
import { configFile, type FolderHead, tokenizerFiles } from './folder.ts';
import { type EncoderWithHead, headNodes } from './head-graph.ts';
import { ModelGraph, type ModelWeights } from './model-graph.ts';
import { graphFile, type OnnxDType, onnxDTypes } from './names.ts';
import type { DenseWeight } from './numbers.ts';
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
}

export interface OnnxOptions {
  /** The model files that are written. Default: all. */
  readonly dtype?: readonly OnnxDType[];
  /** Bytes of a file above which the numbers of a model are in files beside it. Default: nearly 2³¹, where the format ends. */
  readonly largestFile?: number;
}

/** Models that can be exported. */
const isEncoder = (network: unknown): network is EncoderWithHead =>
  [SequenceClassifier, TokenClassificationModel, QuestionAnsweringModel, MultipleChoiceModel, SentenceEncoder].some(
    (kind) => network instanceof kind,
  );

/**
 * The files of a folder for transformers.js with a model and its adapter.
 *
 * @throws InputError naming what has no nodes here, and for numbers that float16 cannot hold
 */
export async function onnxFiles(
  source: OnnxSource,
  { dtype: chosen = onnxDTypes, largestFile }: OnnxOptions = {},
): Promise<Record<string, FileContent>> {
  const { network, folder, tokenizerFolder, maxLength } = source;
  if (!isEncoder(network)) throw new InputError('--to onnx (to) has no nodes for this model; save it as sparse.');
  const { config } = network;
  const parts = await attachedParts(source.adapter);
  const weights = await weightsOf(network.parameters());
  const hasTypes = source.tokenTypes > 1 && config.type_vocab_size > 1;
  const build = (dtype: OnnxDType): ModelGraph => {
    const graph = new ModelGraph(weights, dtype);
    headNodes(graph, network, encoderNodes(graph, { config, parts, hasTypes }));
    const needed = new Set(
      [...source.backbone, ...network.parameters().filter(isHeadParameter)].map(({ name }) => name),
    );
    const lost = graph.unused.find((name) => needed.has(name));
    if (lost !== undefined) throw new Error(`The graph has no node for the weight ${lost}.`);
    return graph;
  };
  const files: Record<string, FileContent> = {};
  const outside: Record<string, number> = {};
  for (const dtype of chosen) {
    const name = graphFile('model', dtype);
    const made = modelFiles(build(dtype), name, largestFile);
    for (const [file, content] of Object.entries(made.files)) files[`onnx/${file}`] = content;
    if (made.outside > 0) outside[name] = made.outside;
  }
  // Windows of long contexts are for the caller to make, who then wants room.
  const capacity = longestSequence(config);
  const cut = network instanceof QuestionAnsweringModel ? capacity : Math.min(capacity, maxLength);
  return {
    'config.json': configFile(folder, config, headOf(network), outside),
    ...tokenizerFiles(tokenizerFolder, config, hasTypes, cut),
    ...files,
  };
}

function headOf(network: EncoderWithHead): FolderHead {
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
