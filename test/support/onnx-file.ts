import { protobufFields } from '../../src/text/folder/protobuf.ts';

/** A node of a graph in a file. */
export interface FileNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The graphs among its attributes. */
  readonly branches: readonly FileGraph[];
}

/** A constant of a graph in a file. */
export interface FileConstant {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  /** Null where they are in another file. */
  readonly bytes: Uint8Array | null;
  /** Location, offset and length in another file. */
  readonly place: Readonly<Record<string, string>>;
}

export interface FileGraph {
  readonly nodes: readonly FileNode[];
  readonly constants: readonly FileConstant[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const decoder = new TextDecoder();
/** The fields of a message by number, texts as bytes. */
function fieldsOf(message: Uint8Array) {
  const fields = [...protobufFields(message, 'an ONNX file')];
  const own = (number: number) => fields.filter((field) => field.number === number);
  return {
    bytes: (number: number) => own(number).map(({ bytes }) => bytes ?? new Uint8Array()),
    texts: (number: number) => own(number).map(({ bytes }) => decoder.decode(bytes ?? undefined)),
    integers: (number: number) => own(number).map(({ integer }) => integer ?? Number.NaN),
  };
}

function nodeOf(message: Uint8Array): FileNode {
  const { bytes, texts } = fieldsOf(message);
  const branches = bytes(5).flatMap((attribute) => fieldsOf(attribute).bytes(6).map(graphOf));
  return { type: texts(4)[0], inputs: texts(1), outputs: texts(2), branches };
}

function constantOf(message: Uint8Array): FileConstant {
  const { bytes, texts, integers } = fieldsOf(message);
  const entries = bytes(13).map((entry) => [fieldsOf(entry).texts(1)[0], fieldsOf(entry).texts(2)[0]]);
  return {
    name: texts(8)[0],
    type: integers(2)[0],
    shape: integers(1),
    bytes: bytes(9)[0] ?? null,
    place: Object.fromEntries(entries),
  };
}

function graphOf(message: Uint8Array): FileGraph {
  const { bytes } = fieldsOf(message);
  const names = (number: number) => bytes(number).map((info) => fieldsOf(info).texts(1)[0]);
  return { nodes: bytes(1).map(nodeOf), constants: bytes(5).map(constantOf), inputs: names(11), outputs: names(12) };
}

/** Reads as much of an ONNX file as tests look at. */
export function readOnnx(file: Uint8Array): FileGraph {
  const [graph] = fieldsOf(file).bytes(7);
  return graphOf(graph);
}
