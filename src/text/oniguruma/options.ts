/** The options of a part of an expression, by their letters in `(?imxWDSP-imx)`. */
export interface Options {
  readonly ignoresCase: boolean;
  /** Whether `.` matches a line feed. */
  readonly isMultiLine: boolean;
  /** Whether white space and comments are skipped. */
  readonly isExtended: boolean;
  readonly hasAsciiWords: boolean;
  readonly hasAsciiDigits: boolean;
  readonly hasAsciiSpaces: boolean;
  readonly hasAsciiPosix: boolean;
}

export const NO_OPTIONS: Options = {
  ignoresCase: false,
  isMultiLine: false,
  isExtended: false,
  hasAsciiWords: false,
  hasAsciiDigits: false,
  hasAsciiSpaces: false,
  hasAsciiPosix: false,
};

/** The options by their letters, with whether they can be taken back behind a `-`. */
export const OPTION_LETTERS: Readonly<Record<string, readonly [option: keyof Options, canBeOff: boolean]>> = {
  i: ['ignoresCase', true],
  m: ['isMultiLine', true],
  x: ['isExtended', true],
  W: ['hasAsciiWords', false],
  D: ['hasAsciiDigits', false],
  S: ['hasAsciiSpaces', false],
  P: ['hasAsciiPosix', false],
};
