import * as v from 'valibot';
import { InputError } from '../errors.ts';
import { strictFields, text } from '../settings/index.ts';
import { toJavaScript } from './oniguruma/to-javascript.ts';
import { unitsAt } from './unicode/character-table.ts';

/** What a tokenizer.json searches for: a text as it is, or a regular expression in Oniguruma's syntax. */
export const patternSchema = v.union(
  [strictFields({ String: text }), strictFields({ Regex: text })],
  'a String or a Regex',
);

export type PatternFields = { readonly String: string } | { readonly Regex: string };

/**
 * Calls `found` with the start and the end of each match in a text, from left to right; they do not overlap. In an empty
 * text there is none.
 */
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

/** Returns whether a place is between the two units of a character, where engines find empty matches too. */
const isWithinCharacter = (text: string, at: number): boolean => at > 0 && unitsAt(text, at - 1) === 2;

/** Makes what finds a global expression of JavaScript. An empty match is none right behind another match, and
 * the search goes on behind the character there. */
export function expressionPattern(expression: RegExp): Pattern {
  // Most expressions match all of a text; to test whether one matches at a place is faster than to search from there.
  const here = new RegExp(expression.source, expression.flags.replace('g', 'y'));
  let isUsual = true;

  function nextMatch(text: string, from: number): readonly [start: number, end: number] | null {
    if (isUsual) {
      here.lastIndex = from;
      if (here.test(text)) return [from, here.lastIndex];
    }
    for (expression.lastIndex = from; ; ) {
      const match = expression.exec(text);
      if (match === null) return null;
      const { index } = match;
      if (isWithinCharacter(text, index)) {
        expression.lastIndex = index + 1;
        continue;
      }
      isUsual = index === from;
      return [index, index + match[0].length];
    }
  }

  return (text, found) => {
    let lastEnd = -1;
    for (let at = 0; at <= text.length && text !== ''; ) {
      const match = nextMatch(text, at);
      if (match === null) return;
      const [start, end] = match;
      if (start === end && end === lastEnd) {
        at = end + unitsAt(text, end);
        continue;
      }
      found(start, end);
      at = lastEnd = end;
    }
  };
}
