import * as v from 'valibot';

const ENCODING = 'an encoding such as utf-8, utf-16le or windows-1252';

/** The name of an encoding as the WHATWG standard has it; undefined for what it does not know. */
function nameOf(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

/** The schema of an encoding. Its many labels, such as `latin1`, stand for the name of one. */
export const encoding = v.pipe(
  v.string(ENCODING),
  v.check((label) => nameOf(label) !== undefined, ENCODING),
  v.transform((label) => nameOf(label) ?? label),
);
