/** A table for the terminal and for Markdown. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Lines below it: what is missing, and why. */
  readonly notes: readonly string[];
}

/** The first column to the left, the others to the right. */
export function toMarkdown({ title, head, rows, notes }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  const lines = [`**${title}**`, '', line(head), line(rule), ...rows.map(line)];
  if (notes.length > 0) lines.push('', ...notes);
  return lines.join('\n');
}

/** Three significant digits, and all before the point; a dash for what is not there. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toFixed(Math.min(decimals, 3));
}

export const milliseconds = (seconds: number): string => digits(1000 * seconds);
export const percent = (fraction: number): string =>
  Number.isFinite(fraction) ? `${Math.round(100 * fraction)} %` : '–';
export const times = (ratio: number): string => (Number.isFinite(ratio) ? `${digits(ratio)} x` : '–');
export const mebibytes = (bytes: number): string => (bytes > 0 ? `${Math.round(bytes / 2 ** 20)} MiB` : '–');
