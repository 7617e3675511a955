import * as v from 'valibot';
import { InputError } from '../errors.ts';
import { openFields, text } from '../settings/index.ts';
import { toJavaScript } from './oniguruma/to-javascript.ts';

/** What a tokenizer.json searches for: a text as it is, or a regular expression in Oniguruma's syntax. */
export const patternSchema = v.union(
  [openFields({ String: text }), openFields({ Regex: text })],
  'a String or a Regex',
);

export type PatternFields = { readonly String: string } | { readonly Regex: string };

/** Calls `found` with the start and the end of each match in a text, from left to right; they do not overlap. */
export type Pattern = (text: string, found: (start: number, end: number) => void) => void;

/** Makes what finds a pattern. @throws InputError when the expression is invalid or cannot be translated to JavaScript */
export function compilePattern(fields: PatternFields): Pattern {
  if ('Regex' in fields) return expressionPattern(compileExpression(fields.Regex));
  return fields.String === '' ? expressionPattern(/(?:)/gu) : literalPattern(fields.String);
}

function compileExpression(source: string): RegExp {
  const refuse = (problem: string): never => {
    throw new InputError(
      `The regular expression ${source} has ${problem}, which is invalid or has no counterpart in JavaScript; rewrite it.`,
    );
  };
  const translated = toJavaScript(source, refuse);
  try {
    return new RegExp(translated, 'gv');
  } catch (cause) {
    throw new InputError(`The regular expression ${source} is too complex for JavaScript; rewrite it.`, { cause });
  }
}

function literalPattern(literal: string): Pattern {
  return (text, found) => {
    for (let start = text.indexOf(literal); start >= 0; start = text.indexOf(literal, start + literal.length)) {
      found(start, start + literal.length);
    }
  };
}

/** An empty match is none right behind another match; the search goes on behind the character there. */
function expressionPattern(expression: RegExp): Pattern {
  return (text, found) => {
    let lastEnd = -1;
    for (let at = 0; at <= text.length; ) {
      expression.lastIndex = at;
      const match = expression.exec(text);
      if (match === null) return;
      const end = match.index + match[0].length;
      if (end === match.index && end === lastEnd) {
        at = end + (text.codePointAt(end)! > 0xffff ? 2 : 1);
        continue;
      }
      found(match.index, end);
      at = end;
      lastEnd = end;
    }
  };
}
