import { anyCase } from './case-folding.ts';
import { parseExpression } from './parse.ts';
import { escaped, type Part, type Refuse, type Way } from './syntax.ts';

type Repeat = Extract<Part, { kind: 'repeat' }>;
type Character = Extract<Part, { kind: 'character' }>;

/** Where a part stands. */
interface Surroundings {
  readonly isBehind: boolean;
  /** Whether nothing follows that could fail, so that there is never a way back into the part. */
  readonly isLast: boolean;
}

/** Writes an expression of Oniguruma as one of JavaScript, for the flag `v` and no other that changes its meaning. */
export function toJavaScript(source: string, refuse: Refuse): string {
  const part = parseExpression(source, refuse);
  const writer = new Writer(refuse);
  writer.checkReferences(part);
  return writer.write(part, { isBehind: false, isLast: true });
}

class Writer {
  readonly #refuse: Refuse;
  readonly #referred = new Set<number>();
  #atoms = 0;

  constructor(refuse: Refuse) {
    this.#refuse = refuse;
  }

  /**
   * Refuses references to what may not have been captured: JavaScript takes that for an empty text, Oniguruma fails.
   * Returns the captures that are surely made once a part has matched.
   */
  checkReferences(part: Part, before: ReadonlySet<number> = new Set()): ReadonlySet<number> {
    switch (part.kind) {
      case 'reference': {
        const [number] = part.numbers;
        if (part.ignoresCase) this.#refuse('a reference in (?i)');
        if (part.numbers.length > 1) this.#refuse('a reference to several groups of one name');
        if (!before.has(number)) this.#refuse('a reference to a group that may not have matched');
        this.#referred.add(number);
        return before;
      }
      case 'sequence':
        return part.parts.reduce((made, one) => this.checkReferences(one, made), before);
      case 'branches': {
        const made = part.branches.map((branch) => this.checkReferences(branch, before));
        return new Set([...made[0]].filter((number) => made.every((of) => of.has(number))));
      }
      case 'repeat': {
        const made = this.checkReferences(part.part, before);
        return part.least > 0 ? made : before;
      }
      case 'look': {
        const made = this.checkReferences(part.part, before);
        return part.isNegative || part.isBehind ? before : made;
      }
      case 'capture':
        return new Set([...this.checkReferences(part.part, before), part.number]);
      case 'atomic':
      case 'closed':
        return this.checkReferences(part.part, before);
      default:
        return before;
    }
  }

  write(part: Part, where: Surroundings): string {
    switch (part.kind) {
      case 'character':
        return this.#text([part], where);
      case 'set':
        return part.set;
      case 'javascript':
        return part.source;
      case 'sequence':
        return this.#sequence(part.parts, where);
      case 'branches':
        return `(?:${part.branches.map((branch) => this.write(branch, where)).join('|')})`;
      case 'repeat':
        return part.way === 'possessive' ? this.#possessive(part, where) : this.#repeat(part, part.way, where);
      case 'look': {
        const inside = this.write(part.part, { isBehind: part.isBehind, isLast: true });
        return `(?${part.isBehind ? '<' : ''}${part.isNegative ? '!' : '='}${inside})`;
      }
      case 'atomic':
        return this.#atomic(part.part, where);
      case 'closed':
        return `(?:${this.write(part.part, where)})`;
      case 'capture': {
        const inside = this.write(part.part, where);
        return this.#referred.has(part.number) ? `(?<g${part.number}>${inside})` : `(?:${inside})`;
      }
      case 'reference':
        return where.isBehind ? this.#refuse('a reference in a look behind') : `\\k<g${part.numbers[0]}>`;
    }
  }

  #sequence(parts: readonly Part[], where: Surroundings): string {
    let source = '';
    for (let at = 0; at < parts.length; ) {
      const run = textAt(parts, at);
      const end = at + Math.max(1, run.length);
      const isLast = where.isLast && end === parts.length;
      source += run.length > 0 ? this.#text(run, where) : this.write(parts[at], { ...where, isLast });
      at = end;
    }
    return source;
  }

  #text(run: readonly Character[], { isBehind }: Surroundings): string {
    const text = run.map(({ character }) => character).join('');
    return run[0].ignoresCase ? anyCase(text, !isBehind) : [...text].map(escaped).join('');
  }

  #repeat(part: Repeat, way: Exclude<Way, 'possessive'>, where: Surroundings): string {
    const { least, most } = part;
    const inside = this.write(part.part, { ...where, isLast: where.isLast && most === 1 });
    if (most > least && mayBeEmpty(part.part)) {
      if (most === 1) return way === 'greedy' ? `(?:${inside}|)` : `(?:|${inside})`;
      // JavaScript goes back into a repetition that matched nothing, Oniguruma goes on behind the last one.
      if (way === 'lazy' || !isEmptyLast(part.part)) this.#refuse('a repeated group that can match nothing');
    }
    return `(?:${inside})${counts(least, most)}${way === 'lazy' ? '?' : ''}`;
  }

  #possessive(part: Repeat, where: Surroundings): string {
    const { least, most } = part;
    const isOne = part.part.kind === 'set' || (part.part.kind === 'character' && !part.part.ignoresCase);
    if (where.isLast || !isOne) return this.#atomic({ ...part, way: 'greedy' }, where);
    const one = this.write(part.part, where);
    if (least === most) return `${one}${counts(least, most)}`;
    if (most === Infinity) return `${one}${counts(least, most)}(?!${one})`;
    return `(?:${one}${counts(most, most)}|${one}${counts(least, most - 1)}(?!${one}))`;
  }

  #atomic(part: Part, where: Surroundings): string {
    if (where.isLast && !where.isBehind) return `(?:${this.write(part, where)})`;
    if (where.isBehind) return this.#refuse('a group without a way back in a look behind');
    const name = `a${++this.#atoms}`;
    return `(?=(?<${name}>${this.write(part, { isBehind: false, isLast: true })}))\\k<${name}>`;
  }
}

/** Returns the characters from one on that are a string: next to each other, and of one kind. */
function textAt(parts: readonly Part[], at: number): readonly Character[] {
  const run: Character[] = [];
  for (const part of parts.slice(at)) {
    if (part.kind !== 'character' || part.ignoresCase !== (run[0] ?? part).ignoresCase) break;
    run.push(part);
  }
  return run;
}

function counts(least: number, most: number): string {
  if (most === Infinity) return least === 0 ? '*' : least === 1 ? '+' : `{${least},}`;
  if (least === 0 && most === 1) return '?';
  return least === most ? `{${least}}` : `{${least},${most}}`;
}

/** Returns whether a part can match nothing. */
function mayBeEmpty(part: Part): boolean {
  switch (part.kind) {
    case 'character':
    case 'set':
      return false;
    case 'javascript':
      return part.mayBeEmpty;
    case 'sequence':
      return part.parts.every(mayBeEmpty);
    case 'branches':
      return part.branches.some(mayBeEmpty);
    case 'repeat':
      return part.least === 0 || mayBeEmpty(part.part);
    case 'look':
    case 'reference':
      return true;
    default:
      return mayBeEmpty(part.part);
  }
}

/** Returns whether a part matches nothing only where all its other ways fail. */
function isEmptyLast(part: Part): boolean {
  switch (part.kind) {
    case 'sequence':
      return !mayBeEmpty(part) || part.parts.every(isEmptyLast);
    case 'branches':
      return part.branches.every(
        (branch, i) => !mayBeEmpty(branch) || (i === part.branches.length - 1 && isEmptyLast(branch)),
      );
    case 'repeat':
      return part.way !== 'lazy' && isEmptyLast(part.part);
    case 'atomic':
    case 'closed':
    case 'capture':
      return isEmptyLast(part.part);
    default:
      return true;
  }
}
