import { InputError } from '../errors.ts';
import type { TokenRange } from './encoding.ts';

/** Which text of a pair loses tokens: the longer one, or always the same. */
export const truncationStrategies = ['longest_first', 'only_first', 'only_second'] as const;
export type TruncationStrategy = (typeof truncationStrategies)[number];

/** The side of a text that is cut. */
export const truncationSides = ['right', 'left'] as const;
export type TruncationSide = (typeof truncationSides)[number];

export interface Truncation {
  readonly strategy: TruncationStrategy;
  readonly side: TruncationSide;
  /** Tokens that neighbouring windows share. */
  readonly stride: number;
}

/**
 * Returns the windows of `room` tokens on each text, the one that is read first; a single one of the whole text where it fits.
 *
 * @param lengths the number of tokens of one text or two
 * @param room the largest number of tokens of the texts together
 * @throws InputError if the text to be cut is too short for that, or the stride is not below the length of a window
 */
export function windowsOf(lengths: readonly number[], room: number, truncation: Truncation): TokenRange[][] {
  const kept = keptLengths(lengths, room, truncation.strategy);
  return lengths.map((length, i) => windows(length, kept[i], truncation));
}

/**
 * Returns how many tokens of each text stay.
 *
 * Of two that are both longer than half of the room each gets half, and the odd token goes to the longer one, to the second if both
 * are equally long; else the shorter one stays whole. Source: `truncate_encodings` of the Rust library.
 */
function keptLengths(lengths: readonly number[], room: number, strategy: TruncationStrategy): readonly number[] {
  const excess = lengths.reduce((a, b) => a + b, 0) - room;
  if (excess <= 0) return lengths;
  if (room === 0) return lengths.map(() => 0);
  const [first, second] = lengths;
  if (strategy === 'longest_first') {
    if (second === undefined) return [room];
    const half = Math.floor(room / 2);
    if (first <= second) return first <= half ? [first, room - first] : [half, room - half];
    return second <= half ? [room - second, second] : [room - half, half];
  }
  const cut = strategy === 'only_first' ? 0 : 1;
  if (cut >= lengths.length) throw new InputError('The truncation only_second needs a second text; there is none.');
  if (lengths[cut] <= excess) {
    throw new InputError(
      `The ${cut === 0 ? 'first' : 'second'} text has ${lengths[cut]} tokens, and ${excess} would have to go (truncation ${strategy}); raise maxLength or truncate longest_first.`,
    );
  }
  return lengths.map((length, i) => (i === cut ? length - excess : length));
}

function windows(length: number, room: number, { side, stride }: Truncation): TokenRange[] {
  if (length <= room) return [{ from: 0, to: length }];
  // The library leaves all tokens of a text without room in one window more.
  if (room === 0)
    return [
      { from: 0, to: 0 },
      { from: 0, to: length },
    ];
  if (stride >= room) {
    throw new InputError(
      `A stride of ${stride} is too long for windows that have room for ${room} tokens of the text; it must be shorter.`,
    );
  }
  const step = room - stride;
  const count = 1 + Math.ceil((length - room) / step);
  return Array.from({ length: count }, (_, i) => {
    const from = i * step;
    const to = Math.min(from + room, length);
    return side === 'right' ? { from, to } : { from: length - to, to: length - from };
  });
}
