import type { EncoderDecoderConfig } from '../encoder-decoder-config.ts';
import type { GenerationSettings, Sampling } from './settings.ts';

/**
 * Forbids or favours tokens: from the scores [vocab] of the token to come, and the tokens before it, to other scores. A token
 * with the score -∞ cannot come. The scores that are given stay as they are.
 */
export type LogitsProcessor = (scores: Float32Array, tokens: readonly number[]) => Float32Array;

const NEVER = Number.NEGATIVE_INFINITY;

function without(scores: Float32Array, ids: Iterable<number>): Float32Array {
  const changed = scores.slice();
  for (const id of ids) changed[id] = NEVER;
  return changed;
}

function only(scores: Float32Array, id: number): Float32Array {
  const changed = new Float32Array(scores.length).fill(NEVER);
  changed[id] = 0;
  return changed;
}

/** No token that would complete a run of `size` tokens which is there already (Paulus et al., 2018). */
export const noRepeatNgram =
  (size: number): LogitsProcessor =>
  (scores, tokens) => {
    const start = tokens.slice(tokens.length - size + 1);
    if (start.length < size - 1) return scores;
    const repeats = tokens.filter((_, i) => i >= size - 1 && start.every((id, j) => tokens[i - size + 1 + j] === id));
    return repeats.length > 0 ? without(scores, repeats) : scores;
  };

/** None of some runs of tokens: never the last token of one after the others. A run must be shorter than what is there with it. */
export const noBadWords =
  (runs: readonly (readonly number[])[]): LogitsProcessor =>
  (scores, tokens) => {
    const endsWith = (start: readonly number[]) =>
      start.length < tokens.length && start.every((id, i) => tokens[tokens.length - start.length + i] === id);
    const bad = runs.filter((run) => run.length === 1 || endsWith(run.slice(0, -1))).map((run) => run[run.length - 1]);
    return bad.length > 0 ? without(scores, bad) : scores;
  };

/** log softmax(scores): those of tokens that may come are probabilities again. */
const renormalized: LogitsProcessor = (scores) => {
  const largest = scores.reduce((a, b) => Math.max(a, b), NEVER);
  const sum = largest + Math.log(expScores(scores).reduce((total, weight) => total + weight, 0));
  return scores.map((score) => score - sum);
};

/** No end while there are fewer than `length` tokens. */
export const minLengthBeforeEnd =
  (length: number, end: number): LogitsProcessor =>
  (scores, tokens) =>
    tokens.length < length ? without(scores, [end]) : scores;

/** Allows only `id` after the start token. */
export const forcedBosToken =
  (id: number): LogitsProcessor =>
  (scores, tokens) =>
    tokens.length === 1 ? only(scores, id) : scores;

/** `id` alone as the last of `maxLength` tokens. */
export const forcedEosToken =
  (id: number, maxLength: number): LogitsProcessor =>
  (scores, tokens) =>
    tokens.length === maxLength - 1 ? only(scores, id) : scores;

/** Below that one token is certain, and quotients would not be finite. */
const LEAST_TEMPERATURE = 1e-30;

/** softmax(scores / t): below 1 the likely tokens become likelier. */
export const temperature =
  (t: number): LogitsProcessor =>
  (scores) =>
    scores.map((score) => score / Math.max(t, LEAST_TEMPERATURE));

/** The k likeliest tokens (Fan et al., 2018), and those as likely as the last of them. */
export const topK =
  (k: number): LogitsProcessor =>
  (scores) => {
    if (k >= scores.length) return scores;
    const least = scores.slice().sort()[scores.length - k];
    return scores.map((score) => (score < least ? NEVER : score));
  };

/** The fewest tokens, likeliest first, whose probabilities sum to p at least (Holtzman et al., 2020). */
export const topP =
  (p: number): LogitsProcessor =>
  (scores) => {
    const weights = expScores(scores);
    const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a]);
    const goal = p * weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    const kept = new Set<number>();
    for (const id of order) {
      if (sum >= goal && kept.size > 0) break;
      sum += weights[id];
      kept.add(id);
    }
    return scores.map((score, id) => (kept.has(id) ? score : NEVER));
  };

/** e^(score - largest score): proportional to the probabilities. */
export function expScores(scores: Float32Array): Float64Array {
  const largest = scores.reduce((a, b) => Math.max(a, b), NEVER);
  return Float64Array.from(scores).map((score) => Math.exp(score - largest));
}

/** Returns a processor that applies several in turn. */
export function chain(processors: readonly LogitsProcessor[]): LogitsProcessor {
  return (scores, tokens) => processors.reduce((changed, process) => process(changed, tokens), scores);
}

/** Returns the processors that the settings ask for, in the order of Hugging Face. */
export function constraintProcessors(
  settings: GenerationSettings,
  { eos_token_id }: EncoderDecoderConfig,
): LogitsProcessor {
  const { noRepeatNgramSize, minLength, forcedBosTokenId, forcedEosTokenId, maxLength } = settings;
  // The end alone is never forbidden so, as in Python.
  const bad = settings.badWordsIds.filter((run) => run.length > 0 && !(run.length === 1 && run[0] === eos_token_id));
  return chain([
    ...(noRepeatNgramSize > 0 ? [noRepeatNgram(noRepeatNgramSize)] : []),
    ...(bad.length > 0 ? [noBadWords(bad)] : []),
    ...(minLength > 0 ? [minLengthBeforeEnd(minLength, eos_token_id)] : []),
    ...(forcedBosTokenId === null ? [] : [forcedBosToken(forcedBosTokenId)]),
    ...(forcedEosTokenId === null ? [] : [forcedEosToken(forcedEosTokenId, maxLength)]),
    ...(settings.renormalizeLogits ? [renormalized] : []),
  ]);
}

/** Returns the processors that narrow the choice before a token is sampled, in the order of Hugging Face. */
export function samplingProcessors(sampling: Sampling): LogitsProcessor {
  return chain([
    ...(sampling.temperature === 1 ? [] : [temperature(sampling.temperature)]),
    ...(sampling.topK > 0 ? [topK(sampling.topK)] : []),
    ...(sampling.topP < 1 ? [topP(sampling.topP)] : []),
  ]);
}
