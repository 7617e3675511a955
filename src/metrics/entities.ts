import { shown } from '../settings/index.ts';
import { lenientRules, type Tag, type TagScheme, tagSchemes } from './tag-schemes.ts';

/** An entity in a sequence of tags: its type, its first token, and the one after its last. */
export interface Entity {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** The type of a tag that is a letter alone. */
const NO_TYPE = '_';

/**
 * The entities that a sequence of tags marks (`get_entities` of seqeval): a tag is a letter, a hyphen and a type, or O outside of entities.
 *
 * Without a scheme all of IOB1, IOB2, IOE2 and IOBES are read by one rule, that of conlleval, which repairs what is badly formed.
 * With a scheme only well-formed entities count, as with `mode='strict'`, and hyphens around a type are no part of it.
 *
 * @throws RangeError naming a tag that is none, or none of the scheme, and a scheme that there is not
 */
export function getEntities(tags: readonly string[], scheme?: TagScheme): Entity[] {
  if (scheme !== undefined && !Object.hasOwn(tagSchemes, scheme)) {
    const known = Object.keys(tagSchemes).join(', ');
    throw new RangeError(`getEntities: there is no scheme ${shown(scheme)}; there are ${known}.`);
  }
  const rules = scheme === undefined ? lenientRules : tagSchemes[scheme];
  const outside: Tag = { letter: 'O', type: NO_TYPE };
  const read = [...tags.map((text) => readTag(text, rules.letters, scheme)), outside];
  const entities: Entity[] = [];
  let start = 0;
  while (start < tags.length) {
    if (!rules.begins(read[start - 1] ?? outside, read[start])) {
      start++;
      continue;
    }
    let end = start + 1;
    while (end < tags.length && rules.continues(read[end - 1], read[end])) end++;
    if (rules.ends(read[end - 1], read[end])) entities.push({ type: read[start].type, start, end });
    start = end;
  }
  return entities;
}

function readTag(text: string, letters: string, scheme: TagScheme | undefined): Tag {
  const letter = text.slice(0, 1);
  const rest = text.slice(1);
  if (letter === '' || !letters.includes(letter) || !(rest === '' || rest.startsWith('-'))) {
    const expected = [...letters].map((other) => (other === 'O' ? other : `${other}-TYPE`)).join(', ');
    const of = scheme === undefined ? '' : ` of the scheme ${scheme}`;
    throw new RangeError(`${shown(text)} is no tag${of}; there are ${expected}`);
  }
  const type = scheme === undefined ? rest.slice(1) : rest.replace(/^-+|-+$/g, '');
  return { letter, type: type === '' ? NO_TYPE : type };
}
