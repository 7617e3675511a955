import { byteLength, bytes, float, integer, type LazyBytes, type Message, message, string } from './protobuf.ts';

/** `data_type` of the file format. */
const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 } as const;
export type ElementType = keyof typeof elementTypes;

/** Attributes of a node: an integer, a float, text, integers, a part of the graph, or the number of an element type. */
type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly graph: Message }
  | { readonly type: ElementType };
type Attributes = Readonly<Record<string, Attribute>>;

/** The length of an axis, or the name of one that only the inputs tell. */
export type Dimension = number | string;

/** A constant of a graph. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Little-endian, row-major. */
  readonly data: Uint8Array | LazyBytes;
}

/** The place of a constant in a file beside the model. */
export interface ExternalPlace {
  readonly file: string;
  readonly offset: number;
}

/** Versions of the file format and of the operators that ONNX Runtime in Node and in browsers both take. */
const [IR_VERSION, OPSET] = [9, 20];

/** An ONNX graph that is built node by node. Values are known by name. */
export class OnnxGraph {
  #nodes: Message[] = [];
  readonly #rest: Message[] = [];
  readonly #constants = new Map<string, Initializer>();
  #count = 0;

  /** The constants in the order in which they were made. */
  get constants(): readonly Initializer[] {
    return [...this.#constants.values()];
  }

  /** A node with one output. @returns the name of the output */
  node(type: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.nodes(type, inputs, 1, attributes)[0];
  }

  /** A node with several outputs. @returns their names */
  nodes(type: string, inputs: readonly string[], outputs: number, attributes: Attributes = {}): string[] {
    const name = `${type}_${this.#count++}`;
    const names = Array.from({ length: outputs }, (_, i) => (i === 0 ? name : `${name}.${i}`));
    this.#add(type, name, inputs, names, attributes);
    return names;
  }

  /**
   * A choice between two values that are only computed if they are chosen.
   *
   * @param condition one boolean
   * @param then makes nodes that may read any value of the graph, and returns the name of the value
   */
  choice(condition: string, then: () => string, otherwise: () => string): string {
    const [yes, no] = [this.#branch(then), this.#branch(otherwise)];
    return this.node('If', [condition], { then_branch: { graph: yes }, else_branch: { graph: no } });
  }

  #branch(build: () => string): Message {
    const outer = this.#nodes;
    this.#nodes = [];
    try {
      const name = `branch_${this.#count++}`;
      const value = build();
      this.#add('Identity', name, [value], [name], {});
      return [...this.#nodes.flat(), ...string(2, name), ...message(12, string(1, name))];
    } finally {
      this.#nodes = outer;
    }
  }

  #add(
    type: string,
    name: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Attributes,
  ): void {
    const fields = Object.entries(attributes).map(([key, value]) => message(5, string(1, key), attribute(value)));
    const [read, made] = [inputs.map((x) => string(1, x)), outputs.map((x) => string(2, x))];
    this.#nodes.push(message(1, ...read, ...made, string(3, name), string(4, type), ...fields));
  }

  /** A constant; one of this name that is there already is the same. @returns its name */
  constant(name: string, make: () => Omit<Initializer, 'name'>): string {
    if (!this.#constants.has(name)) this.#constants.set(name, { name, ...make() });
    return name;
  }

  /** A constant of floats. @returns its name */
  floats(name: string, values: Float32Array, shape: readonly number[]): string {
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return this.constant(name, () => ({ type: 'float32', shape, data }));
  }

  /** A constant number. @returns its name */
  float(value: number): string {
    return this.floats(`float_${value}`, Float32Array.of(value), []);
  }

  /** A constant list of integers, or a single one without axes. @returns its name */
  integers(values: number | readonly number[]): string {
    const [list, shape] = typeof values === 'number' ? [[values], []] : [values, [values.length]];
    return this.constant(`integers_${typeof values === 'number' ? '' : 'list_'}${list.join('_')}`, () => ({
      type: 'int64',
      shape,
      data: new Uint8Array(BigInt64Array.from(list, BigInt).buffer),
    }));
  }

  /** A value from outside. @returns its name */
  input(name: string, type: ElementType, shape: readonly Dimension[]): string {
    this.#rest.push(bytes(11, ...valueInfo(name, type, shape)));
    return name;
  }

  /** Gives a value to the outside under a name of its own. */
  output(value: string, name: string, shape: readonly Dimension[]): void {
    this.#add('Identity', name, [value], [name], {});
    this.#rest.push(bytes(12, ...valueInfo(name, 'float32', shape)));
  }

  /** Says which shape a value of floats has, where the runtime cannot tell. @returns its name */
  shaped(value: string, shape: readonly Dimension[]): string {
    this.#rest.push(bytes(13, ...valueInfo(value, 'float32', shape)));
    return value;
  }

  /** The model file. @param placeOf where a constant is that is not in it */
  model(placeOf: (constant: Initializer) => ExternalPlace | undefined = () => undefined): Message {
    const constants = this.constants.map((constant) => bytes(5, ...tensor(constant, placeOf(constant))));
    const graph = message(7, ...this.#nodes, string(2, 'graph'), ...constants, ...this.#rest);
    const producer = string(2, 'sparse-adapter');
    return [...integer(1, IR_VERSION), ...producer, ...graph, ...message(8, string(1, ''), integer(2, OPSET))];
  }
}

/** A constant as the file has it: its numbers, or where they are. */
function tensor({ name, type, shape, data }: Initializer, place: ExternalPlace | undefined): Message {
  const about = [...shape.flatMap((n) => integer(1, n)), ...integer(2, elementTypes[type]), ...string(8, name)];
  if (!place) return [...about, ...bytes(9, data)];
  const told = { location: place.file, offset: place.offset, length: byteLength([data]) };
  const entries = Object.entries(told).map(([key, value]) => message(13, string(1, key), string(2, String(value))));
  return [...about, ...entries.flat(), ...integer(14, 1)];
}

function attribute(value: Attribute): Message {
  if (typeof value === 'number') return [...integer(3, value), ...integer(20, 2)];
  if (typeof value === 'string') return [...string(4, value), ...integer(20, 3)];
  if ('float' in value) return [...float(2, value.float), ...integer(20, 1)];
  if ('graph' in value) return [...bytes(6, ...value.graph), ...integer(20, 5)];
  if ('type' in value) return attribute(elementTypes[value.type]);
  return [...value.flatMap((n) => integer(8, n)), ...integer(20, 7)];
}

function valueInfo(name: string, type: ElementType, shape: readonly Dimension[]): Message {
  const dims = shape.map((n) => message(1, typeof n === 'number' ? integer(1, n) : string(2, n)));
  const tensor = message(1, integer(1, elementTypes[type]), message(2, ...dims));
  return [...string(1, name), ...message(2, tensor)];
}
