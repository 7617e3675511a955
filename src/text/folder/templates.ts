/** A `TemplateProcessing` of a tokenizer.json. */
export interface TemplateDefinition {
  readonly type: 'TemplateProcessing';
  readonly single: readonly unknown[];
  readonly pair: readonly unknown[];
  readonly special_tokens: Readonly<Record<string, unknown>>;
}

/** A special token or one of the texts, `$A` and `$B`, each with its token type. */
type Part = readonly [name: string, typeId: number];

const piece = ([name, typeId]: Part) =>
  name.startsWith('$')
    ? { Sequence: { id: name.slice(1), type_id: typeId } }
    : { SpecialToken: { id: name, type_id: typeId } };

/** A template in the form of a tokenizer.json. @param idOf returns the id of a special token */
export function template(
  single: readonly Part[],
  pair: readonly Part[],
  idOf: (token: string) => number,
): TemplateDefinition {
  const names = new Set([...single, ...pair].map(([name]) => name).filter((name) => !name.startsWith('$')));
  return {
    type: 'TemplateProcessing',
    single: single.map(piece),
    pair: pair.map(piece),
    special_tokens: Object.fromEntries([...names].sort().map((id) => [id, { id, ids: [idOf(id)], tokens: [id] }])),
  };
}

const first: Part = ['$A', 0];

/** The parts around one text and around two, of the tokenizers that there are. */
export const layouts = {
  /** BERT: token types 0 and 1. */
  bert: (cls: string, sep: string, clsType = 0) => {
    const single: Part[] = [[cls, clsType], first, [sep, 0]];
    return { single, pair: [...single, ['$B', 1], [sep, 1]] as Part[] };
  },
  /** RoBERTa: two separators between the texts. @param second the token type of the second text */
  roberta: (cls: string, sep: string, second = 0) => {
    const single: Part[] = [[cls, 0], first, [sep, 0]];
    return { single, pair: [...single, [sep, 0], ['$B', second], [sep, second]] as Part[] };
  },
  /** XLNet: all special tokens at the end. */
  xlnet: (cls: string, sep: string) => ({
    single: [first, [sep, 0], [cls, 2]] as Part[],
    pair: [first, [sep, 0], ['$B', 1], [sep, 1], [cls, 2]] as Part[],
  }),
  /** T5: an end after each text. */
  ends: (eos: string) => ({
    single: [first, [eos, 0]] as Part[],
    pair: [first, [eos, 0], ['$B', 0], [eos, 0]] as Part[],
  }),
  /** XGLM: the end before each text, twice before the second. */
  begins: (eos: string) => ({
    single: [[eos, 0], first] as Part[],
    pair: [[eos, 0], first, [eos, 0], [eos, 0], ['$B', 0]] as Part[],
  }),
  /** mBART, NLLB and Pegasus: both texts together between the special tokens. */
  around: (before: readonly string[], after: readonly string[]) => {
    const parts = (names: readonly string[]) => names.map((name): Part => [name, 0]);
    return {
      single: [...parts(before), first, ...parts(after)],
      pair: [...parts(before), first, ['$B', 0] as Part, ...parts(after)],
    };
  },
  /** Llama: a begin before each text and an end after each, if the tokenizer has them. */
  each: (bos: string | null, eos: string | null) => {
    const text = (name: '$A' | '$B', typeId: number): Part[] => [
      ...(bos === null ? [] : [[bos, typeId] as Part]),
      [name, typeId],
      ...(eos === null ? [] : [[eos, typeId] as Part]),
    ];
    return { single: text('$A', 0), pair: [...text('$A', 0), ...text('$B', 1)] };
  },
} as const;
