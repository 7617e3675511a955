/** Bytes of the header, with enough room for any number of rows. */
export const npyHeaderBytes = 128;

/**
 * The header of a `.npy` file of NumPy (version 1.0) with a matrix of float32 in the order of its rows, which follow as little-endian
 * numbers.
 *
 * @returns {@link npyHeaderBytes} bytes
 */
export function npyHeader(rows: number, columns: number): Uint8Array {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  const header = new Uint8Array(npyHeaderBytes).fill(0x20);
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, npyHeaderBytes - 10, 0]);
  header.set(new TextEncoder().encode(text), 10);
  header[npyHeaderBytes - 1] = 0x0a;
  return header;
}
