import { writeSync } from 'node:fs';
import { bytes, float, integer, type Message, message, string } from './protobuf.ts';

/** Attributes of a node: an integer, a float as `{ float }`, or integers. */
type Attribute = number | { readonly float: number } | readonly number[];

/** `data_type` of the file format. */
const elementTypes = { float: 1, int32: 6, int64: 7 } as const;
type ElementType = keyof typeof elementTypes;

/** Versions of the file format and of the operators. */
const [IR_VERSION, OPSET] = [9, 20];

/** An ONNX graph that is built node by node. Values are known by name. */
export class OnnxGraph {
  readonly #parts: Message[] = [];
  #count = 0;

  /** A node with one output. @returns the name of the output */
  node(type: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const output = `${type}_${this.#count++}`;
    const fields = Object.entries(attributes).map(([name, value]) => message(5, string(1, name), attribute(value)));
    this.#parts.push(message(1, ...inputs.map((x) => string(1, x)), string(2, output), string(4, type), ...fields));
    return output;
  }

  /** A constant. @returns its name */
  floats(name: string, values: Float32Array<ArrayBuffer>, shape: readonly number[]): string {
    return this.#constant(name, 'float', new Uint8Array(values.buffer, values.byteOffset, values.byteLength), shape);
  }

  /** A constant list of integers. @returns its name */
  integers(values: readonly number[]): string {
    const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#constant(`integers_${this.#count++}`, 'int64', data, [values.length]);
  }

  input(name: string, type: ElementType, shape: readonly number[]): string {
    this.#parts.push(bytes(11, ...valueInfo(name, type, shape)));
    return name;
  }

  /** Gives a value to the outside under a name of its own. */
  output(value: string, name: string, shape: readonly number[]): void {
    this.#parts.push(message(1, string(1, value), string(2, name), string(4, 'Identity')));
    this.#parts.push(bytes(12, ...valueInfo(name, 'float', shape)));
  }

  /** Writes the whole model to an open file. */
  write(file: number): void {
    const graph = message(7, string(2, 'graph'), ...this.#parts);
    for (const piece of [...integer(1, IR_VERSION), ...message(8, string(1, ''), integer(2, OPSET)), ...graph]) {
      for (let done = 0; done < piece.length; ) done += writeSync(file, piece, done);
    }
  }

  #constant(name: string, type: ElementType, data: Uint8Array, shape: readonly number[]): string {
    const dims = shape.map((n) => integer(1, n));
    this.#parts.push(message(5, ...dims, integer(2, elementTypes[type]), string(8, name), bytes(9, data)));
    return name;
  }
}

function attribute(value: Attribute): Message {
  if (typeof value === 'number') return [...integer(3, value), ...integer(20, 2)];
  if ('float' in value) return [...float(2, value.float), ...integer(20, 1)];
  return [...value.flatMap((n) => integer(8, n)), ...integer(20, 7)];
}

function valueInfo(name: string, type: ElementType, shape: readonly number[]): Message {
  const dims = shape.map((n) => message(1, integer(1, n)));
  const tensor = message(1, integer(1, elementTypes[type]), message(2, ...dims));
  return [...string(1, name), ...message(2, tensor)];
}
