/** A tag of a token, `B-PER`: its letter, and the type of the entity. */
export interface Tag {
  readonly letter: string;
  readonly type: string;
}

/** Whether there is something between two neighbouring tags. */
type Rule = (previous: Tag, tag: Tag) => boolean;

/** How tags of one scheme mark entities. */
export interface TagRules {
  readonly letters: string;
  /** Whether an entity begins at the tag. */
  readonly begins: Rule;
  /** Whether the tag continues the entity of the previous one. */
  readonly continues: Rule;
  /** Whether the entity of the previous tag is complete before this one; where it is not, it is dropped. */
  readonly ends: Rule;
}

const isOneOf = (letters: string, { letter }: Tag): boolean => letters.includes(letter);
const sameType: Rule = (previous, tag) => previous.type === tag.type;

/** Inside of an entity, from a tag that stands in it. */
const continuesWith =
  (letters: string): Rule =>
  (previous, tag) =>
    isOneOf('BI', previous) && isOneOf(letters, tag) && sameType(previous, tag);

/** Entities that begin with B and go on until the next tag that is not I. */
const endsBefore: Rule = (previous, tag) => isOneOf('BI', previous) && (isOneOf('OB', tag) || !sameType(previous, tag));

/** Entities with a mark of their own at both ends, and one for a single token. */
const markedEnds = (last: string, single: string): TagRules => ({
  letters: `OBI${last}${single}`,
  begins: (_, tag) => isOneOf(`B${single}`, tag),
  continues: continuesWith(`I${last}`),
  ends: (previous) => isOneOf(last + single, previous),
});

/** The schemes by name, with the rules of seqeval's `mode='strict'`. */
export const tagSchemes = {
  /** I; B only for an entity right after one of the same type. */
  IOB1: {
    letters: 'OIB',
    begins: (previous, tag) =>
      isOneOf('I', tag)
        ? isOneOf('OB', previous) || !sameType(previous, tag)
        : isOneOf('B', tag) && isOneOf('IB', previous) && sameType(previous, tag),
    continues: continuesWith('I'),
    ends: (previous, tag) =>
      isOneOf('B', previous) && isOneOf('B', tag) ? sameType(previous, tag) : endsBefore(previous, tag),
  },
  /** B, then I. */
  IOB2: { letters: 'OIB', begins: (_, tag) => isOneOf('B', tag), continues: continuesWith('I'), ends: endsBefore },
  /** I, and E for the last token. */
  IOE2: {
    letters: 'OIE',
    begins: (previous, tag) => isOneOf('IE', tag) && (isOneOf('OE', previous) || !sameType(previous, tag)),
    continues: continuesWith('IE'),
    ends: (previous) => isOneOf('E', previous),
  },
  /** B, I and E; S for a single token. */
  IOBES: markedEnds('E', 'S'),
  /** B, I and L; U for a single token. */
  BILOU: markedEnds('L', 'U'),
} as const satisfies Readonly<Record<string, TagRules>>;

/**
 * Reads the tags of all schemes but BILOU, as conlleval does: where an entity is not marked as a scheme demands it, it is repaired. An I
 * without a B begins an entity, and so does another type.
 */
export const lenientRules: TagRules = {
  letters: 'OBIES',
  begins: (previous, tag) =>
    isOneOf('BS', tag) ||
    (isOneOf('EI', tag) && isOneOf('ESO', previous)) ||
    (!isOneOf('O', tag) && !sameType(previous, tag)),
  continues: (previous, tag) => !lenientRules.ends(previous, tag),
  ends: (previous, tag) =>
    isOneOf('ES', previous) || (isOneOf('BI', previous) && (isOneOf('BSO', tag) || !sameType(previous, tag))),
};

export type TagScheme = keyof typeof tagSchemes;
