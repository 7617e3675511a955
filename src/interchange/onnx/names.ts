/**
 * How a model file holds its matrices and tables, by the names of transformers.js: as float32; as float16, from which the runtime makes
 * float32 when it loads them; or in 8 bits, with products of whole numbers (dynamic quantisation).
 */
export const onnxDTypes = ['fp32', 'fp16', 'q8'] as const;
export type OnnxDType = (typeof onnxDTypes)[number];

/** The names of graphs: of an encoder with its head, and of the two sides of an encoder-decoder. */
const graphs = ['model', 'encoder_model', 'decoder_model_merged'] as const;
export type GraphName = (typeof graphs)[number];

const suffixes = { fp32: '', fp16: '_fp16', q8: '_quantized' } as const satisfies Record<OnnxDType, string>;

/** The name of the file of a graph, as transformers.js asks for it. */
export const graphFile = (graph: GraphName, dtype: OnnxDType): string => `${graph}${suffixes[dtype]}.onnx`;

/** The name of a file with numbers that are not in the file of their graph, counted from 0. */
export const dataFile = (file: string, number: number): string => `${file}_data${number === 0 ? '' : `_${number}`}`;

/** More files of numbers than a model has that fits into memory here. */
const MOST_DATA_FILES = 16;

/** The paths of all files that an export may have in its folder `onnx`. */
export const onnxFileNames: readonly string[] = graphs.flatMap((graph) =>
  onnxDTypes.flatMap((dtype) => {
    const file = graphFile(graph, dtype);
    const data = Array.from({ length: MOST_DATA_FILES }, (_, number) => dataFile(file, number));
    return [file, ...data].map((name) => `onnx/${name}`);
  }),
);
