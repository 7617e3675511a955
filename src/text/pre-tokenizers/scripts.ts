import type { AlignedText } from '../aligned-text.ts';
import { unitsAt } from '../unicode/character-table.ts';
import { CODE_POINTS, readNumbers } from '../unicode/code-points.ts';
import { scriptRuns } from './script-table.ts';

const NONE = 0;
let scripts: Uint8Array | null = null;

/** Returns the numbers of the scripts by code points. */
function readScripts(): Uint8Array {
  const read = new Uint8Array(CODE_POINTS);
  const numbers = readNumbers(scriptRuns);
  let at = 0;
  for (let i = 0; i < numbers.length; i += 2) {
    const end = at + numbers[i + 1];
    read.fill(numbers[i], at, end);
    at = end;
  }
  return read;
}

/**
 * Cuts a text where its script changes. A space and characters of no script belong to what is before them; those before
 * the first character that has one are lost, as in the Rust library.
 */
export function unicodeScripts(aligned: AlignedText): AlignedText[] {
  scripts ??= readScripts();
  const { text } = aligned;
  const pieces: AlignedText[] = [];
  let [start, last] = [0, NONE];
  for (let at = 0; at < text.length; at += unitsAt(text, at)) {
    const script = scripts[text.codePointAt(at)!];
    if (script === NONE || script === last) continue;
    if (last !== NONE) pieces.push(aligned.slice(start, at));
    [start, last] = [at, script];
  }
  if (last !== NONE) pieces.push(aligned.slice(start, text.length));
  return pieces;
}
