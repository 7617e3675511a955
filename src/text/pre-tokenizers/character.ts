import * as v from 'valibot';

const A_CHARACTER = 'a text of one character';

/** A text of one character (code point). */
export const characterSchema = v.pipe(
  v.string(A_CHARACTER),
  v.check((text) => [...text].length === 1, A_CHARACTER),
);
