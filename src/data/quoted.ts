/** Characters of a value that a message shows. */
const SHOWN = 60;

/** A value of a file as a message shows it: in quotes, on one line, not longer than a line. */
export function quoted(value: string): string {
  const shown = value.length > SHOWN ? `${value.slice(0, SHOWN)}...` : value;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  return `'${shown.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}'`;
}
