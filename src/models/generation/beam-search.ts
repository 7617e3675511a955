import { logSoftmax } from '../../ops/normalization.ts';
import { noGrad } from '../../tensor/graph.ts';
import type { EncoderDecoderConfig } from '../encoder-decoder-config.ts';
import { BeamHypotheses } from './beam-hypotheses.ts';
import type { Decoding } from './decoding.ts';
import type { LogitsProcessor } from './logits-processors.ts';
import { readScores } from './scores.ts';
import type { GenerationSettings } from './settings.ts';

/** A text in the making. */
interface Beam {
  readonly tokens: readonly number[];
  /** Σ log p of its tokens. */
  readonly sum: number;
}

/** A beam of the last step with a token after it. */
interface Candidate {
  /** The number of the beam in its source. */
  readonly beam: number;
  readonly id: number;
  readonly sum: number;
}

/** The search for one source: its beams, and its texts that have ended. */
interface Search {
  readonly source: number;
  readonly finished: BeamHypotheses;
  beams: readonly Beam[];
}

/** A generated text. */
export interface ScoredText {
  /** The tokens, with the start token and, unless the text was cut at the maximum length, the end. */
  readonly ids: readonly number[];
  /** Σ log p / length^lengthPenalty; null where no beams were searched. */
  readonly score: number | null;
}

/** Copies of the first beam start so far below it that all beams of the first step continue it. */
const BELOW_ALL = -1e9;

export interface BeamOptions {
  readonly sources: number;
  readonly settings: GenerationSettings;
  readonly constrain: LogitsProcessor;
  /** Awaited before each step. */
  readonly beforeStep?: () => Promise<void>;
}

/**
 * Beam search as in Hugging Face. Every step looks at the 2·beams best continuations of all beams of a source: those that
 * end become finished texts, if they are among the first `numBeams`; the best others are the next beams. A source is done when no
 * beam can become better than its finished texts, and then takes no part in further steps.
 *
 * By the rules of 5.24 a text ends at `maxLength` too, and the best beam that goes on decides whether a source is done. By those of 4.26
 * that is the best continuation, and beams without an end are texts at last, whose length has the start token.
 *
 * @returns the best texts of each source, best first
 */
export async function beamSearch(
  decoding: Decoding,
  { decoder_start_token_id, eos_token_id }: Pick<EncoderDecoderConfig, 'decoder_start_token_id' | 'eos_token_id'>,
  { sources, settings, constrain, beforeStep }: BeamOptions,
): Promise<ScoredText[][]> {
  const { numBeams, maxLength, numReturnSequences, beamRules } = settings;
  const isNew = beamRules === '5.24';
  const searches = Array.from(
    { length: sources },
    (_, source): Search => ({
      source,
      finished: new BeamHypotheses(settings),
      beams: Array.from({ length: numBeams }, (_, beam) => ({
        tokens: [decoder_start_token_id],
        sum: beam === 0 ? 0 : BELOW_ALL,
      })),
    }),
  );
  let running = searches;
  let parents = searches.flatMap(({ source, beams }) => beams.map(() => source));
  for (let length = 1; length < maxLength && running.length > 0; length++) {
    await beforeStep?.();
    const beams = running.flatMap((search) => search.beams);
    const scores = decoding.advance(
      parents,
      beams.map(({ tokens }) => tokens[length - 1]),
    );
    const logProbabilities = noGrad(() => logSoftmax(scores)); // [texts, vocab]
    scores.dispose();
    const rows = (await readScores(logProbabilities)).map((row, i) => constrain(row, beams[i].tokens));
    parents = [];
    running = running.filter((search, i) => {
      const first = i * numBeams;
      const best = bestCandidates(search.beams, rows.slice(first, first + numBeams), 2 * numBeams);
      const isEnd = ({ id }: Candidate) => id === eos_token_id || (isNew && length + 1 === maxLength);
      const next = best.filter((one) => !isEnd(one)).slice(0, numBeams);
      for (const { beam, id, sum } of best.slice(0, numBeams).filter(isEnd)) {
        // The start token does not count for the score, and the end does.
        search.finished.add([...search.beams[beam].tokens, id], sum, length);
      }
      search.beams = next.map(({ beam, id, sum }) => ({ tokens: [...search.beams[beam].tokens, id], sum }));
      if (next.length === 0 || search.finished.isDone((isNew ? next : best)[0].sum, length)) {
        search.beams = [];
        return false;
      }
      parents.push(...next.map(({ beam }) => first + beam));
      return true;
    });
  }
  return searches.map(({ finished, beams }) => {
    for (const { tokens, sum } of beams) finished.add(tokens, sum, tokens.length);
    return finished.best(numReturnSequences).map(({ tokens, score }) => ({ ids: tokens, score }));
  });
}

/** The `count` best continuations, best first. @param rows log-probabilities [vocab] after each beam */
function bestCandidates(beams: readonly Beam[], rows: readonly Float32Array[], count: number): Candidate[] {
  const best: Candidate[] = [];
  rows.forEach((row, beam) => {
    const { sum } = beams[beam];
    for (let id = 0; id < row.length; id++) {
      const candidate = sum + row[id];
      if (best.length === count && !(candidate > best[count - 1].sum)) continue;
      if (best.length === count) best.pop();
      const place = best.findLastIndex((other) => other.sum >= candidate) + 1;
      best.splice(place, 0, { beam, id, sum: candidate });
    }
  });
  return best;
}
