import { type Alignment, EditDistance } from './ter-alignment.ts';

/** Limits of Tercom: the words of a shift, and how far it goes. */
const MAX_SHIFT_SIZE = 10;
const MAX_SHIFT_DISTANCE = 50;
/** The limit of sacreBLEU: how many shifts are tried for one sentence. */
const MAX_CANDIDATES = 1000;

/** A run of words of the hypothesis that the reference has at another place. */
interface Match {
  readonly start: number;
  readonly place: number;
  readonly length: number;
}

/** A way to move words, and what it saves. */
interface Shift {
  readonly saved: number;
  readonly length: number;
  readonly start: number;
  readonly target: number;
  readonly words: readonly number[];
}

/**
 * The edits of TER (Snover et al. 2006) from a hypothesis to a reference: words inserted, deleted, substituted, and runs of words shifted. The shift that
 * saves most is made until none saves any, with the choices and limits of Tercom and of sacreBLEU.
 */
export function translationEdits(hypothesis: readonly string[], reference: readonly string[]): number {
  if (reference.length === 0) return hypothesis.length;
  // Numbers are compared several times as fast as texts.
  const ids = new Map([...new Set([...hypothesis, ...reference])].map((word, i) => [word, i]));
  const [ours, theirs] = [hypothesis, reference].map((list) => list.map((word) => ids.get(word) as number));
  let words: readonly number[] = ours;
  const distance = new EditDistance(theirs);
  let alignment = distance.align(words);
  let [shifts, tried] = [0, 0];
  for (;;) {
    const { best, candidates } = bestShift(words, theirs, distance, alignment, tried);
    tried = candidates;
    // When the limit is reached in a round, its shift is not made.
    if (tried >= MAX_CANDIDATES || best === null || best.saved <= 0) return shifts + alignment.edits;
    shifts++;
    words = best.words;
    alignment = distance.align(words);
  }
}

function bestShift(
  words: readonly number[],
  reference: readonly number[],
  distance: EditDistance,
  alignment: Alignment,
  tried: number,
): { best: Shift | null; candidates: number } {
  let best: Shift | null = null;
  let candidates = tried;
  for (const match of matches(words, reference)) {
    for (const target of targets(match, alignment)) {
      const shift = shifted(words, distance, alignment, match, target);
      candidates++;
      if (best === null || isBetter(shift, best)) best = shift;
    }
    if (candidates >= MAX_CANDIDATES) break;
  }
  return { best, candidates };
}

/** All runs that both have, by their places, the shorter ones of equal places first. */
function* matches(words: readonly number[], reference: readonly number[]): Generator<Match> {
  for (let start = 0; start < words.length; start++) {
    for (let place = 0; place < reference.length; place++) {
      if (Math.abs(place - start) > MAX_SHIFT_DISTANCE) continue;
      const longest = Math.min(MAX_SHIFT_SIZE, words.length - start, reference.length - place);
      for (let length = 1; length <= longest && words[start + length - 1] === reference[place + length - 1]; length++) {
        yield { start, place, length };
      }
    }
  }
}

/** The places before which a run can be moved: only where it is wrong, and so is what the reference has there. */
function targets({ start, place, length }: Match, alignment: Alignment): number[] {
  const { hypothesisPlaces, isHypothesisEdited, isReferenceEdited } = alignment;
  if (!isHypothesisEdited.slice(start, start + length).includes(true)) return [];
  if (!isReferenceEdited.slice(place, place + length).includes(true)) return [];
  const now = hypothesisPlaces[place];
  if (start <= now && now < start + length) return [];
  const places: number[] = [];
  for (let at = place - 1; at < place + length && at < hypothesisPlaces.length; at++) {
    const target = at < 0 ? 0 : hypothesisPlaces[at] + 1;
    if (target !== places[places.length - 1]) places.push(target);
  }
  return places;
}

function shifted(
  words: readonly number[],
  distance: EditDistance,
  alignment: Alignment,
  { start, length }: Match,
  target: number,
): Shift {
  const moved = [...words];
  const run = moved.splice(start, length);
  moved.splice(target > start + length ? target - length : target, 0, ...run);
  const saved = alignment.edits - distance.editsOf(moved, alignment, Math.min(start, target));
  return { saved, length, start, target, words: moved };
}

/** Of two shifts that save the same the longer, then the earlier, then that to the earlier place. */
function isBetter(a: Shift, b: Shift): boolean {
  const order = [a.saved - b.saved, a.length - b.length, b.start - a.start, b.target - a.target];
  return (order.find((difference) => difference !== 0) ?? 0) > 0;
}
