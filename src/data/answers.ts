import type { Window } from './windows.ts';

/** A part of a context that may answer a question. */
export interface Answer {
  /** As it stands in the context: `context.slice(start, end)`; empty where the answer is that there is none. */
  readonly text: string;
  /** In UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  /** The sum of the logits of its first and its last token; without an answer those of the first token of all. */
  readonly score: number;
  /** softmax(scores) over the best answers to the question. */
  readonly probability: number;
}

export interface SpanOptions {
  /** The number of answers that are kept. */
  readonly nBest: number;
  /** Tokens of an answer at most. */
  readonly maxAnswerLength: number;
  /**
   * Given where a question may have no answer: that is what is said where its score is larger than that of the best answer by more than
   * this. Default: there always is an answer
   */
  readonly nullScoreDiffThreshold?: number;
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
 * has the best of its scores. Only tokens of the context count, so there always is an answer, unless a threshold is given: then the
 * empty answer is one of them, with the smallest of its scores in any window, as in `run_qa` of transformers.
 */
export function decodeAnswers(
  context: string,
  windows: readonly { readonly window: Window; readonly logits: WindowLogits }[],
  { nBest, maxAnswerLength, nullScoreDiffThreshold: threshold }: SpanOptions = decodeDefaults,
): Answer[] {
  const best = new Map<string, Span>();
  for (const { window, logits } of windows) {
    for (const span of bestSpans(window, logits, nBest, maxAnswerLength)) {
      const key = `${span.start} ${span.end}`;
      const known = best.get(key);
      if (!known || span.score > known.score) best.set(key, span);
    }
  }
  const [first, ...others] = [...best.values()].sort(byScore).slice(0, nBest);
  const spans = first ? [first, ...others] : [];
  if (threshold === undefined) return answersOf(context, spans);
  const none = { start: 0, end: 0, score: Math.min(...windows.map(({ logits }) => logits.starts[0] + logits.ends[0])) };
  const kept = [...spans, none].sort(byScore).slice(0, nBest);
  if (!kept.includes(none)) kept.push(none);
  const chosen = !first || none.score - first.score > threshold ? none : first;
  return answersOf(context, [chosen, ...kept.filter((span) => span !== chosen)]);
}

function answersOf(context: string, spans: readonly Span[]): Answer[] {
  const most = Math.max(...spans.map(({ score }) => score));
  const weights = spans.map(({ score }) => Math.exp(score - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return spans.map(({ start, end, score }, i) => ({
    text: context.slice(start, end),
    start,
    end,
    score,
    probability: weights[i] / total,
  }));
}

/** The score of the empty answer less that of the best other one, which `nullScoreDiffThreshold` is compared with; null without it. */
export function nullScoreDiff(answers: readonly Answer[]): number | null {
  const none = answers.find(({ text }) => text === '');
  const scores = answers.flatMap(({ text, score }) => (text === '' ? [] : [score]));
  return none ? none.score - Math.max(...scores) : null;
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
