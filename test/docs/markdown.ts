import { readFileSync } from 'node:fs';

/** A fenced code block: ```` ```<language> <flag> <key>=<value> ````. */
export interface CodeBlock {
  /** `README.md:12`, for messages. */
  readonly place: string;
  /** The word after the backticks, without the value: `ts`, `sh no-run`, `csv title=`. */
  readonly kind: string;
  /** The value of `<key>=<value>`. */
  readonly value: string;
  readonly lines: readonly string[];
}

export interface Document {
  readonly path: string;
  readonly blocks: readonly CodeBlock[];
  /** The lines outside code blocks. */
  readonly prose: readonly string[];
}

/** @throws Error for a fence that is indented, made of tildes or never closed: it would not be seen as a block */
export function readDocument(root: string, path: string): Document {
  const blocks: CodeBlock[] = [];
  const prose: string[] = [];
  let open: (CodeBlock & { lines: string[] }) | null = null;
  readFileSync(`${root}/${path}`, 'utf8')
    .split('\n')
    .forEach((line, i) => {
      const place = `${path}:${i + 1}`;
      if (open) {
        if (line !== '```') open.lines.push(line);
        else open = null;
      } else if (line.startsWith('```')) {
        open = { place, ...parseInfo(line.slice(3)), lines: [] };
        blocks.push(open);
      } else if (/^\s*(```|~~~)/.test(line)) {
        throw new Error(`${place}: write code fences as three backticks at the start of the line.`);
      } else prose.push(line);
    });
  if (open) throw new Error(`${path}: the last code block is not closed.`);
  return { path, blocks, prose };
}

function parseInfo(info: string): Pick<CodeBlock, 'kind' | 'value'> {
  const [, kind, value] = /^([^=]*=?)(.*)$/.exec(info) ?? [];
  return { kind, value };
}

/**
 * The blocks to check, in order: the blocks, but the `ts` blocks of a program joined to one. A block that begins with an import starts
 * a program, and those below go on with it.
 */
export function stepsOf({ blocks }: Document): CodeBlock[] {
  const steps: CodeBlock[] = [];
  let program: CodeBlock | null = null;
  blocks.forEach((block, i) => {
    if (block.kind !== 'ts') {
      steps.push(block);
      return;
    }
    program = program ? { ...program, lines: [...program.lines, ...block.lines] } : block;
    const next = blocks.slice(i + 1).find(({ kind }) => kind === 'ts');
    if (next && !next.lines[0].startsWith('import ')) return;
    steps.push(program);
    program = null;
  });
  return steps;
}

/** Targets of the Markdown links in a line. */
export function linksIn(line: string): string[] {
  return [...line.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}

/** Paths of this repository that a line names in code style. */
export function pathsIn(line: string): string[] {
  return [...line.matchAll(/`((?:src|test|kernels|docs|benchmarks)\/[\w./-]*)`/g)].map(([, path]) => path);
}

/** The anchors of a document's headings, by GitHub's rule. */
export function anchorsOf({ prose }: Document): string[] {
  return prose
    .filter((line) => line.startsWith('#'))
    .map((line) =>
      line
        .replace(/^#+ /, '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );
}
