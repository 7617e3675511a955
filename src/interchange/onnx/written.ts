import type { Pieces } from '../../io/index.ts';
import type { ExternalPlace, OnnxGraph } from './graph.ts';
import { dataFile } from './names.ts';
import { byteLength, type Message, type Piece } from './protobuf.ts';

/** Protocol Buffers end at 2³¹ bytes; some room is left for all that is no constant. */
export const LARGEST_FILE = 2 ** 31 - 2 ** 26;

/** Constants below this size stay in the model. */
const SMALLEST_OUTSIDE = 1024;

/** Where a constant may begin, so that a file can be mapped into memory. */
const PAGE = 4096;

/** Small pieces are written together. */
const WRITTEN = 2 ** 16;

const bytesOf = (piece: Piece): Uint8Array => (piece instanceof Uint8Array ? piece : piece.bytes());

/** The content of a file with these pieces. */
function contentOf(pieces: Message): Pieces {
  return {
    byteLength: byteLength(pieces),
    *[Symbol.iterator]() {
      let small: Uint8Array[] = [];
      let size = 0;
      for (const piece of pieces) {
        small.push(bytesOf(piece));
        size += piece.length;
        if (size < WRITTEN) continue;
        yield small.length === 1 ? small[0] : Buffer.concat(small);
        [small, size] = [[], 0];
      }
      if (small.length > 0) yield Buffer.concat(small);
    },
  };
}

/**
 * The files of a model: one, or if that would be too large a small one and its numbers beside it (`model.onnx_data`, then
 * `model.onnx_data_1`).
 *
 * @param name of the model's file
 * @param largest bytes of a file
 * @returns the files, and how many of them are beside the model
 */
export function modelFiles(
  graph: OnnxGraph,
  name: string,
  largest = LARGEST_FILE,
): { readonly files: Readonly<Record<string, Pieces>>; readonly outside: number } {
  if (byteLength(graph.constants.map(({ data }) => data)) <= largest) {
    return { files: { [name]: contentOf(graph.model()) }, outside: 0 };
  }
  const places = new Map<string, ExternalPlace>();
  const outside: Piece[][] = [[]];
  let offset = 0;
  for (const { name: constant, data } of graph.constants.filter(({ data }) => data.length >= SMALLEST_OUTSIDE)) {
    if (offset > 0 && offset + data.length > largest) {
      outside.push([]);
      offset = 0;
    }
    const last = outside.length - 1;
    places.set(constant, { file: dataFile(name, last), offset });
    const padding = -data.length & (PAGE - 1);
    outside[last].push(data, new Uint8Array(padding));
    offset += data.length + padding;
  }
  const model = contentOf(graph.model((constant) => places.get(constant.name)));
  const data = outside.map((pieces, i) => [dataFile(name, i), contentOf(pieces)]);
  return { files: { [name]: model, ...Object.fromEntries(data) }, outside: outside.length };
}
