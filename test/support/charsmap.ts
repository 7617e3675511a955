/** A node of a trie over bytes, with the place of its value, if it has one. */
interface Node {
  readonly children: Map<number, Node>;
  value: number | null;
}

/**
 * The precompiled charsmap, in base64, of some rules: which text becomes which other. Each node of the trie has a block of
 * 256 units to itself, with those of its children by their bytes and its value at 0; so the map is large, but easy to make.
 */
export function charsmapOf(rules: Iterable<readonly [from: string, to: string]>): string {
  const encoder = new TextEncoder();
  const root: Node = { children: new Map(), value: null };
  const values: number[] = [];
  for (const [from, to] of rules) {
    let node = root;
    for (const byte of encoder.encode(from)) {
      const child = node.children.get(byte) ?? { children: new Map(), value: null };
      node.children.set(byte, child);
      node = child;
    }
    node.value = values.length;
    values.push(...encoder.encode(to), 0);
  }

  const units: number[] = [];
  const place = (node: Node, at: number, label: number): void => {
    const block = Math.max(256, Math.ceil(units.length / 256) * 256);
    for (let i = units.length; i < block + 256; i++) units.push(i % 256 === 1 ? 0 : 1);
    units[at] = ((at ^ block) << 10) | (node.value === null ? 0 : 256) | label;
    if (node.value !== null) units[block] = (node.value | (1 << 31)) >>> 0;
    for (const [byte, child] of node.children) place(child, block + byte, byte);
  };
  place(root, 0, 0);

  const bytes = new Uint8Array(4 + 4 * units.length + values.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 4 * units.length, true);
  units.forEach((unit, i) => {
    view.setUint32(4 + 4 * i, unit, true);
  });
  bytes.set(values, 4 + 4 * units.length);
  return Buffer.from(bytes).toString('base64');
}
