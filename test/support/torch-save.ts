/** A tensor as `torch.save` writes it: a view of numbers that others may share. */
export interface SavedView {
  readonly name: string;
  /** The index of its storage. */
  readonly storage: number;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const utf8 = (text: string): number[] => [...new TextEncoder().encode(text)];
const u16 = (value: number): number[] => [value & 0xff, value >>> 8];
const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)];

const text = (value: string): number[] => [0x58, ...u32(utf8(value).length), ...utf8(value)];
const global = (module: string, name: string): number[] => [0x63, ...utf8(`${module}\n${name}\n`)];
const int = (value: number): number[] => [0x4a, ...u32(value)];
const tuple = (...items: readonly number[][]): number[] => [0x28, ...items.flat(), 0x74];

const storageOf = (key: number, length: number): number[] => [
  ...tuple(text('storage'), global('torch', 'FloatStorage'), text(String(key)), text('cpu'), int(length)),
  0x51,
];

const ordered = [...global('collections', 'OrderedDict'), 0x29, 0x52];

/** The pickle of a dictionary of tensors. @param lengths of the storages */
export function savedPickle(views: readonly SavedView[], lengths: readonly number[]): number[] {
  const items = views.flatMap(({ name, storage, offset, shape, strides }) => [
    ...text(name),
    ...global('torch._utils', '_rebuild_tensor_v2'),
    ...tuple(
      storageOf(storage, lengths[storage]),
      int(offset),
      tuple(...shape.map(int)),
      tuple(...strides.map(int)),
      [0x89],
      ordered,
    ),
    0x52,
  ]);
  return [0x80, 2, ...ordered, 0x28, ...items, 0x75, 0x2e];
}

/** The bytes of a zip archive of entries that are stored as they are. */
export function storedZip(entries: Readonly<Record<string, readonly number[]>>): Uint8Array {
  const bytes: number[] = [];
  const directory: number[] = [];
  for (const [name, data] of Object.entries(entries)) {
    const sizes = [...u32(0), ...u32(data.length), ...u32(data.length), ...u16(utf8(name).length), ...u16(0)];
    const facts = [...u16(0), ...u16(0), ...u16(0), ...u16(0), ...u16(0), ...sizes];
    directory.push(...[0x50, 0x4b, 1, 2], ...u16(0), ...facts);
    directory.push(...u16(0), ...u16(0), ...u16(0), ...u32(0), ...u32(bytes.length), ...utf8(name));
    bytes.push(...[0x50, 0x4b, 3, 4], ...facts, ...utf8(name), ...data);
  }
  const count = u16(Object.keys(entries).length);
  const end = [0x50, 0x4b, 5, 6, ...u16(0), ...u16(0), ...count, ...count];
  return Uint8Array.from([...bytes, ...directory, ...end, ...u32(directory.length), ...u32(bytes.length), ...u16(0)]);
}

/** The bytes of a file of `torch.save`. */
export function torchSaved(views: readonly SavedView[], storages: readonly Float32Array[]): Uint8Array {
  const data = storages.map((values, key) => [`x/data/${key}`, [...new Uint8Array(values.buffer)]] as const);
  const lengths = storages.map(({ length }) => length);
  return storedZip({ 'x/data.pkl': savedPickle(views, lengths), ...Object.fromEntries(data) });
}
