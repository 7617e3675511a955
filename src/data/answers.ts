import type { Window } from './windows.ts';

/** A part of a context that may answer a question. */
export interface Answer {
  /** As it stands in the context: `context.slice(start, end)`. */
  readonly text: string;
  /** In UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  /** The sum of the logits of its first and its last token. */
  readonly score: number;
  /** softmax(scores) over the best answers to the question. */
  readonly probability: number;
}

export interface SpanOptions {
  /** The number of answers that are kept. */
  readonly nBest: number;
  /** Tokens of an answer at most. */
  readonly maxAnswerLength: number;
}

export const decodeDefaults: SpanOptions = { nBest: 20, maxAnswerLength: 30 };

/** The logits of a window: one number per token, question and special tokens included. */
export interface WindowLogits {
  readonly starts: ArrayLike<number>;
  readonly ends: ArrayLike<number>;
}

interface Span {
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** The better one first; of equal ones the earlier, then the shorter. */
const byScore = (a: Span, b: Span): number => b.score - a.score || a.start - b.start || a.end - b.end;

/**
 * The best answers to one question, the best first: the spans of all its windows together, where a span that several windows hold
 * has the best of its scores. Only tokens of the context count, so there always is an answer.
 */
export function decodeAnswers(
  context: string,
  windows: readonly { readonly window: Window; readonly logits: WindowLogits }[],
  { nBest, maxAnswerLength }: SpanOptions = decodeDefaults,
): Answer[] {
  const best = new Map<string, Span>();
  for (const { window, logits } of windows) {
    for (const span of bestSpans(window, logits, nBest, maxAnswerLength)) {
      const key = `${span.start} ${span.end}`;
      const known = best.get(key);
      if (!known || span.score > known.score) best.set(key, span);
    }
  }
  const spans = [...best.values()].sort(byScore).slice(0, nBest);
  const weights = spans.map(({ score }) => Math.exp(score - spans[0].score));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return spans.map(({ start, end, score }, i) => ({
    text: context.slice(start, end),
    start,
    end,
    score,
    probability: weights[i] / total,
  }));
}

/** The `count` best spans of a window in characters, in any order, out of all that are not too long. */
function bestSpans(window: Window, logits: WindowLogits, count: number, maxLength: number): Span[] {
  const { contextStart, offsets } = window;
  const kept: Span[] = [];
  // Byte-level tokens of white space alone have no extent; no answer begins or ends with one.
  const isEmpty = (token: number) => offsets[token][0] === offsets[token][1];
  for (let first = 0; first < offsets.length; first++) {
    if (isEmpty(first)) continue;
    const limit = Math.min(offsets.length, first + maxLength);
    for (let last = first; last < limit; last++) {
      const score = logits.starts[contextStart + first] + logits.ends[contextStart + last];
      if (isEmpty(last) || (kept.length === count && score < kept[count - 1].score)) continue;
      insert(kept, { start: offsets[first][0], end: offsets[last][1], score }, count);
    }
  }
  return kept;
}

/** Keeps the best `count` spans, sorted. Tokens that are parts of one character give the same span more than once. */
function insert(kept: Span[], span: Span, count: number): void {
  const same = kept.findIndex(({ start, end }) => start === span.start && end === span.end);
  if (same >= 0) {
    if (kept[same].score >= span.score) return;
    kept.splice(same, 1);
  }
  const at = kept.findIndex((other) => byScore(span, other) < 0);
  kept.splice(at < 0 ? kept.length : at, 0, span);
  if (kept.length > count) kept.pop();
}
