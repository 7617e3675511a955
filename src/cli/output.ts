import Table from 'cli-table3';
import { printable } from '../errors.ts';

/*
 * Whatever commands print goes through here, so that names, labels and texts from outside cannot steer a terminal: what it
 * would not print as it stands is escaped.
 */

/** The lines of a text of our own, each without anything that would steer a terminal. */
const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** One JSON document on standard output. Escaped characters are the same ones to who parses it. */
export function printJson(value: unknown): void {
  process.stdout.write(`${printableLines(JSON.stringify(value, null, 2))}\n`);
}

/** One line of JSON on standard output. */
export function printJsonLine(value: unknown): void {
  process.stdout.write(`${printable(JSON.stringify(value))}\n`);
}

/** Results on standard output: to a file or another program as they are, to a terminal as it can print them. */
export function printResult(text: string): void {
  process.stdout.write(process.stdout.isTTY ? printableLines(text) : text);
}

/** One line of results, with tabs between its cells. */
export function printCells(cells: readonly string[]): void {
  const inLine = cells.map((cell) => cell.replace(/\s+/g, ' '));
  const shown = process.stdout.isTTY ? inLine.map(printable) : inLine;
  process.stdout.write(`${shown.join('\t')}\n`);
}

/** A line for people on standard error, which keeps standard output for results. */
export function note(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

/** Lines on standard error, such as where an error comes from. */
export const noteLines = (text: string): void => {
  process.stderr.write(`${printableLines(text)}\n`);
};

export const warn = (message: string): void => note(`warning: ${message}`);

const border = Object.fromEntries(
  ['top', 'mid', 'bottom', 'left', 'right']
    .flatMap((side) => ['', '-mid', '-left', '-right'].map((part) => side + part))
    .map((name) => [name, '']),
);
const rules = { ...border, top: '─', 'top-mid': '─', bottom: '─', 'bottom-mid': '─' };

/**
 * A table on standard output. With a `head` it is ruled, and columns are aligned to the right.
 *
 * @param words columns that are aligned to the left; default: the first
 */
export function printTable(
  rows: readonly (readonly string[])[],
  head: readonly string[] = [],
  words: readonly number[] = [0],
): void {
  const table = new Table({
    chars: { ...(head.length > 0 ? rules : border), middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, i) => (words.includes(i) ? 'left' : 'right')),
  });
  if (head.length > 0) {
    const titles = head.map(printable);
    table.push(
      titles,
      titles.map((title) => '─'.repeat(title.length)),
    );
  }
  table.push(...rows.map((row) => row.map(printable)));
  const lines = table.toString().split('\n');
  process.stdout.write(`${lines.map((line) => line.trimEnd()).join('\n')}\n`);
}

export const formatCount = (n: number): string => n.toLocaleString('en-US');

/** Metrics are fractions or correlations. */
export const formatMetric = (value: number | null): string =>
  value === null || Number.isNaN(value) ? 'undefined' : value.toFixed(4);

export const formatPercent = (fraction: number): string => `${(100 * fraction).toFixed(2)} %`;

export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(2)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}
