/**
 * Returns how many tokens of each of two texts stay when `room` tokens may stay in all: tokens go one at a time from the end of
 * the longer text, from the second when both are equally long.
 *
 * Source: `longest_first` of `truncate_sequences` in Hugging Face transformers (tokenization_utils_base.py).
 */
export function longestFirst(first: number, second: number, room: number): [number, number] {
  // The first keeps half of the room (the odd token is its own), and what the second leaves over.
  const keptFirst = Math.min(first, Math.max(Math.ceil(room / 2), room - second));
  return [keptFirst, Math.min(second, room - keptFirst)];
}
