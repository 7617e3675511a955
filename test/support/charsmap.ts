/** A node of a trie over bytes, with the place of its value, if it has one. */
interface Node {
  readonly children: Map<number, Node>;
  value: number | null;
}

/**
 * The precompiled charsmap, in base64, of some rules: which text becomes which other. Each inner node of the trie has a
 * block of 256 units to itself, with its children by their bytes and its value at 0; the values of leaves come last.
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
  const unit = (from: number, to: number, isEnd: boolean, label: number) =>
    ((from ^ to) << 10) | (isEnd ? 256 : 0) | label;
  const valueUnit = (value: number) => (value | (1 << 31)) >>> 0;
  const leaves: { readonly node: Node; readonly at: number; readonly label: number }[] = [];
  const place = (node: Node, at: number, label: number): void => {
    if (node.children.size === 0 && node !== root) {
      leaves.push({ node, at, label });
      return;
    }
    const block = Math.max(256, Math.ceil(units.length / 256) * 256);
    for (let i = units.length; i < block + 256; i++) units.push(i % 256 === 1 ? 0 : 1);
    units[at] = unit(at, block, node.value !== null, label);
    if (node.value !== null) units[block] = valueUnit(node.value);
    for (const [byte, child] of node.children) place(child, block + byte, byte);
  };
  place(root, 0, 0);
  for (const { node, at, label } of leaves) {
    units[at] = unit(at, units.length, true, label);
    units.push(valueUnit(node.value!));
  }
  while (units.length % 256 !== 0) units.push(1);

  const bytes = new Uint8Array(4 + 4 * units.length + values.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 4 * units.length, true);
  units.forEach((unit, i) => {
    view.setUint32(4 + 4 * i, unit, true);
  });
  bytes.set(values, 4 + 4 * units.length);
  return Buffer.from(bytes).toString('base64');
}
