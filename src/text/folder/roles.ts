/** What special tokens are for, by the names that Hugging Face gives them (`cls_token`). */
export const roles = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'] as const;
export type Role = (typeof roles)[number];

/** The special tokens of a tokenizer by what they are for; one that is not there has no such token. */
export type SpecialTokens = Readonly<Partial<Record<Role, string>>>;
