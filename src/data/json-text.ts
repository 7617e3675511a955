/** A JSON text in which whole numbers that a number of JavaScript cannot hold may stand. */
const LONG_NUMBER = /\d{16}/;
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const WHOLE = /^-?\d+(?:\.0+)?$/;

/**
 * The value of a JSON text. Whole numbers beyond 2^53 become texts with their digits, where `JSON.parse` changes the last ones.
 *
 * @throws SyntaxError if it is not valid
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!LONG_NUMBER.test(text)) return value;
  const isLong = (token: string) => WHOLE.test(token) && !Number.isSafeInteger(Number(token));
  return JSON.parse(text.replace(TOKENS, (token) => (isLong(token) ? `"${token}"` : token)));
}

/** Whether an object's text has a name of a field twice; `JSON.parse` keeps the last one. */
export function hasFieldTwice(text: string, field: string): boolean {
  const name = JSON.stringify(field);
  if (text.indexOf(name) === text.lastIndexOf(name)) return false;
  let depth = 0;
  let count = 0;
  for (const { 0: token, index } of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && token === name && /^\s*:/.test(text.slice(index + token.length, index + token.length + 9)))
      count++;
  }
  return count > 1;
}
