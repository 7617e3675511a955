import { AlignedTextBuilder } from '../aligned-text.ts';
import { compilePattern, type PatternFields } from '../pattern.ts';
import type { Normalizer } from '../stages.ts';
import { unitsBefore } from './transformation.ts';

/** Puts a text in place of each match of a pattern; it comes from the last character of the match. */
export function replacement(fields: PatternFields, content: string): Normalizer {
  const pattern = compilePattern(fields);
  return (source) => {
    const { text } = source;
    let builder: AlignedTextBuilder | undefined;
    let last = 0;
    pattern(text, (start, end) => {
      builder ??= new AlignedTextBuilder(source);
      builder.keep(last, start).add(content, end === 0 ? 0 : end - unitsBefore(text, end), end);
      last = end;
    });
    return builder === undefined ? source : builder.keep(last, text.length).build();
  };
}
