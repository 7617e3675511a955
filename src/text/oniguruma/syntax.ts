/** What a regular expression is made of, once it has been read. */
export type Part =
  | { readonly kind: 'character'; readonly character: string; readonly ignoresCase: boolean }
  /** Any one character of a set, which is written as a class of JavaScript's `v` mode. */
  | { readonly kind: 'set'; readonly set: string }
  /** A place or a fixed choice, as it is written in JavaScript. */
  | { readonly kind: 'javascript'; readonly source: string; readonly isPlace: boolean; readonly mayBeEmpty: boolean }
  | { readonly kind: 'sequence'; readonly parts: readonly Part[] }
  | { readonly kind: 'branches'; readonly branches: readonly Part[] }
  | { readonly kind: 'repeat'; readonly part: Part; readonly least: number; readonly most: number; readonly way: Way }
  | { readonly kind: 'look'; readonly isBehind: boolean; readonly isNegative: boolean; readonly part: Part }
  | { readonly kind: 'atomic'; readonly part: Part }
  /** A part with settings of its own, which strings of letters do not reach across. */
  | { readonly kind: 'closed'; readonly part: Part }
  | { readonly kind: 'capture'; readonly part: Part; readonly number: number }
  | { readonly kind: 'reference'; readonly numbers: readonly number[]; readonly ignoresCase: boolean };

/** How often something is repeated if there is a choice: often, seldom, or often without a way back. */
export type Way = 'greedy' | 'lazy' | 'possessive';

/** Throws for an expression that cannot be read or translated. @param problem continues "has" */
export type Refuse = (problem: string) => never;

/** A character as it is written in a class or a pattern of JavaScript's `v` mode. */
export const escaped = (character: string): string => `\\u{${character.codePointAt(0)!.toString(16)}}`;
