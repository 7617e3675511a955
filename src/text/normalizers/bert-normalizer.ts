import { type AlignedText, AlignedTextBuilder } from '../aligned-text.ts';
import type { Normalizer } from '../stages.ts';
import { nonspacing, removedByBert, whiteSpace } from '../unicode/character-classes.ts';
import { removeMatches, spaceMatches } from './edits.ts';
import { lowerCase } from './lower-case.ts';
import { normalizeForm } from './normalization-forms.ts';

const REMOVED = new RegExp(`[${removedByBert.source}]+`, 'gu');
const OTHER_SPACE = new RegExp(`(?! )[${whiteSpace.source}]`, 'gu');
const ACCENTS = new RegExp(`[${nonspacing.source}]+`, 'gu');
const cleanUp = (text: AlignedText) => spaceMatches(removeMatches(text, REMOVED), OTHER_SPACE);
const stripAccents = (text: AlignedText) => removeMatches(normalizeForm(text, 'NFD'), ACCENTS);

/** Returns whether a character is in the blocks of Chinese characters that BERT cuts apart; some later ones are left out. */
function isChinese(c: number): boolean {
  if (c < 0x3400 || c > 0x2fa1f) return false;
  if (c < 0x20000) return c <= 0x4dbf || (c >= 0x4e00 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff);
  if (c <= 0x2b73f) return c <= 0x2a6df || c >= 0x2a700;
  return (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b920 && c <= 0x2ceaf) || c >= 0x2f800;
}

/** Puts a space before and after each Chinese character. */
function cutChinese(source: AlignedText): AlignedText {
  const { text } = source;
  let builder: AlignedTextBuilder | undefined;
  let last = 0;
  for (let at = 0; at < text.length; at++) {
    // The lowest is U+3400; of a pair, this is the first.
    if (text.charCodeAt(at) < 0x3400) continue;
    const codePoint = text.codePointAt(at)!;
    if (!isChinese(codePoint)) continue;
    const end = at + (codePoint > 0xffff ? 2 : 1);
    builder ??= new AlignedTextBuilder(source);
    builder.keep(last, at).add(` ${text.slice(at, end)} `, at, end);
    last = end;
    at = end - 1;
  }
  return builder === undefined ? source : builder.keep(last, text.length).build();
}

/** The settings of a BertNormalizer, as tokenizer.json has them. */
export interface BertSettings {
  readonly clean_text: boolean;
  readonly handle_chinese_chars: boolean;
  /** Null for the same as `lowercase`. */
  readonly strip_accents?: boolean | null;
  readonly lowercase: boolean;
}

/** The normalizer of BERT: clean-up, spaces around Chinese characters, no accents, lower case. */
export function bertNormalizer(settings: BertSettings): Normalizer {
  const steps: Normalizer[] = [];
  if (settings.clean_text) steps.push(cleanUp);
  if (settings.handle_chinese_chars) steps.push(cutChinese);
  if (settings.strip_accents ?? settings.lowercase) steps.push(stripAccents);
  if (settings.lowercase) steps.push(lowerCase);
  return (text) => {
    if (/[^ -~]/.test(text.text)) return steps.reduce((changed, step) => step(changed), text);
    return settings.lowercase ? lowerCase(text) : text;
  };
}
