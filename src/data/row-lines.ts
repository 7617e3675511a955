/** A record of CSV as RFC 4180 has it, with quotes where a cell needs them. */
export const csvLine = (cells: readonly unknown[]): string =>
  `${cells.map((cell) => quotedCell(cellText(cell))).join(',')}\n`;

/** A line with TABs between the cells; other white space than a blank becomes one, as a cell of TSV cannot hold it. */
export const tsvLine = (cells: readonly unknown[]): string =>
  `${cells.map((cell) => cellText(cell).replace(/\s+/g, ' ')).join('\t')}\n`;

/** A line of JSON. */
export const jsonLine = (value: unknown): string => `${JSON.stringify(value, asJson)}\n`;

/** The text of a value in a cell: empty for none, JSON for what has parts. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' && !(value instanceof Date) ? JSON.stringify(value, asJson) : plainText(value);
}

const plainText = (value: unknown): string => (value instanceof Date ? value.toISOString() : String(value));

/** The values of Parquet that JSON lacks: large whole numbers as text, bytes in base64. */
const asJson = (_key: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
};

const quotedCell = (text: string): string => (/[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
