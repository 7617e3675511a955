import { boolean, oneOf } from '../../settings/index.ts';
import type { AlignedText } from '../aligned-text.ts';
import { componentKind } from '../component.ts';
import { compilePattern, type Pattern, type PatternFields, patternSchema } from '../pattern.ts';
import type { PreTokenizer } from '../stages.ts';

const behaviors = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const;

/** What becomes of what is between the pieces. */
export type Behavior = (typeof behaviors)[number];
export const behaviorSchema = oneOf(behaviors);

interface Span {
  start: number;
  end: number;
  readonly isMatch: boolean;
}

/** The matches of a pattern in a text and what is between them, in their order. */
function spansOf(pattern: Pattern, text: string): Span[] {
  const spans: Span[] = [];
  let at = 0;
  pattern(text, (start, end) => {
    if (start > at) spans.push({ start: at, end: start, isMatch: false });
    spans.push({ start, end, isMatch: true });
    at = end;
  });
  if (at < text.length) spans.push({ start: at, end: text.length, isMatch: false });
  return spans;
}

/** Joins each span that `isJoined` to the one before it, which it is told of as well. */
function joined(spans: readonly Span[], isJoined: (span: Span, wasMatch: boolean) => boolean): Span[] {
  const result: Span[] = [];
  let wasMatch = false;
  for (const span of spans) {
    const last = result.at(-1);
    if (last !== undefined && isJoined(span, wasMatch)) {
      last.start = Math.min(last.start, span.start);
      last.end = Math.max(last.end, span.end);
    } else {
      result.push({ ...span });
    }
    wasMatch = span.isMatch;
  }
  return result;
}

const isLoneMatch = ({ isMatch }: Span, wasMatch: boolean): boolean => isMatch && !wasMatch;

const joiners: Readonly<Record<Exclude<Behavior, 'Isolated'>, (spans: readonly Span[]) => readonly Span[]>> = {
  Removed: (spans) => spans.filter(({ isMatch }) => !isMatch),
  MergedWithPrevious: (spans) => joined(spans, isLoneMatch),
  MergedWithNext: (spans) => joined(spans.toReversed(), isLoneMatch).reverse(),
  Contiguous: (spans) => joined(spans, ({ isMatch }, wasMatch) => isMatch === wasMatch),
};

/** Makes what cuts a text before and after each match: what most files ask for, without spans on the way. */
const isolating =
  (pattern: Pattern): PreTokenizer =>
  (text: AlignedText) => {
    const pieces: AlignedText[] = [];
    let at = 0;
    pattern(text.text, (start, end) => {
      if (start > at) pieces.push(text.slice(at, start));
      pieces.push(text.slice(start, end));
      at = end;
    });
    if (at < text.length) pieces.push(text.slice(at, text.length));
    return pieces;
  };

/** Makes what cuts a text at the matches of a pattern. @param isInverted whether it cuts at what is between them */
export function splitter(pattern: Pattern, behavior: Behavior, isInverted = false): PreTokenizer {
  if (behavior === 'Isolated') return isolating(pattern);
  const join = joiners[behavior];
  return (text: AlignedText) => {
    const found = spansOf(pattern, text.text);
    const spans = isInverted ? found.map((span) => ({ ...span, isMatch: !span.isMatch })) : found;
    return join(spans).map(({ start, end }) => text.slice(start, end));
  };
}

/** Cuts a text at the matches of a pattern. */
export const split = componentKind(
  { pattern: patternSchema, behavior: behaviorSchema, invert: boolean },
  ({ pattern, behavior, invert }) => splitter(compilePattern(pattern as PatternFields), behavior, invert),
);
