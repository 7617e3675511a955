import { InputError } from '../errors.ts';
import { shown } from '../settings/index.ts';

/**
 * Packed batches: the tokens of all sequences in one list of rows, none of them padding. Linear layers, norms and activations
 * see rows; only attention and pooling look at where sequences begin.
 */
export interface PackedBatch {
  /** [rows] -1 for a row that is no token: one of an adapter. */
  readonly inputIds: Int32Array;
  /** [rows] */
  readonly tokenTypeIds: Int32Array;
  /** [rows] */
  readonly positionIds: Int32Array;
  /** [rows] the place of each row in its sequence as it was given. */
  readonly columns: Int32Array;
  /** [sequences + 1] first row of each sequence, and the number of rows. */
  readonly offsets: Int32Array;
  /** [sequences] how many rows of each sequence, from its first, are attended to. */
  readonly keyCounts: Int32Array;
}

/** Position ids of a sequence of token ids: each model has its own rule. */
export type PositionRule = (ids: readonly number[]) => number[];

/** Whole numbers from 0 on, in an array or in a typed array such as an Int32Array. */
export type TokenIds = ArrayLike<number> & Iterable<number>;

export interface TokenSequence {
  readonly ids: TokenIds;
  /** Default all 0. */
  readonly typeIds?: TokenIds;
}

/** A batch in the form of Hugging Face: rectangular, with a mask that is 0 for padding. */
export interface PaddedBatch {
  readonly input_ids: readonly TokenIds[];
  /** Default all 1. */
  readonly attention_mask?: readonly TokenIds[];
  /** Default all 0. */
  readonly token_type_ids?: readonly TokenIds[];
}

/**
 * Checks the ids and the token types of a sequence.
 *
 * @param name of the sequence, for messages
 * @param vocabSize the bound of the ids of a model; if left out, any id is accepted
 * @throws InputError if it is no sequence, or has an id or a type that is no whole number from 0 on
 */
export function checkSequence(name: string, sequence: unknown, vocabSize = 2 ** 31): asserts sequence is TokenSequence {
  const { ids, typeIds } = Object(sequence) as { readonly ids?: unknown; readonly typeIds?: unknown };
  if (!isList(ids)) throw new InputError(`${name} has no list of token ids ("ids"); encode its text first.`);
  if (typeIds !== undefined && !isList(typeIds)) throw new InputError(`${name}: its "typeIds" are no list.`);
  checkIds(name, 'token id', ids, vocabSize);
  checkIds(name, 'token type', typeIds ?? [], 2 ** 31);
}

/** Returns whether a value is an array, or a typed array of numbers. */
const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) ||
  (ArrayBuffer.isView(value) &&
    !(value instanceof DataView || value instanceof BigInt64Array || value instanceof BigUint64Array));

function checkIds(name: string, what: string, ids: ArrayLike<unknown>, end: number): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i];
    if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < end) continue;
    const range = end < 2 ** 31 ? `from 0 to ${end - 1}` : 'from 0 on';
    throw new InputError(`${name}: ${what} ${i} is ${shown(id)}; it must be a whole number ${range}.`);
  }
}

const sequenceOf = ({ offsets }: PackedBatch, row: number) => offsets.findLastIndex((offset) => offset <= row);

/** @throws InputError naming the sequence that has a token which a model of so many lacks */
export function checkTokens(batch: PackedBatch, tokens: number): void {
  const { inputIds } = batch;
  const unknown = inputIds.findIndex((id) => id < 0 || id >= tokens);
  if (unknown < 0) return;
  throw new InputError(
    `sequence ${sequenceOf(batch, unknown)} of the batch has the token id ${inputIds[unknown]}; this model knows ids from 0 to ${tokens - 1}, use the tokenizer that belongs to it.`,
  );
}

/** @throws InputError naming the sequence that has a position which a model of so many lacks */
export function checkPositions(batch: PackedBatch, positions: number): void {
  const { offsets } = batch;
  const late = batch.positionIds.findIndex((id) => id >= positions);
  if (late < 0) return;
  const s = sequenceOf(batch, late);
  throw new InputError(
    `sequence ${s} of the batch has ${offsets[s + 1] - offsets[s]} tokens, more than this model has positions for; cut it to fewer (maxLength).`,
  );
}

/** @throws RangeError for a token type that a model of so many lacks */
export function checkTypes({ tokenTypeIds }: PackedBatch, types: number): void {
  const unknown = tokenTypeIds.find((id) => id >= types);
  if (unknown !== undefined) throw new RangeError(`The batch has the token type ${unknown}, the model has ${types}.`);
}

/**
 * Packs sequences of any lengths.
 *
 * @throws Error if one is empty or its token types are not as many as its ids
 * @throws InputError if an id or a token type is no whole number from 0 on
 */
export function packSequences(sequences: readonly TokenSequence[], positions: PositionRule): PackedBatch {
  return pack(
    sequences.map(({ ids, typeIds }) => ({ ids, typeIds, mask: undefined })),
    positions,
  );
}

/**
 * Packs a padded batch. Masked positions stay, after the others of their sequence: they are computed like any row (as in
 * Hugging Face) but nothing attends to them.
 *
 * @throws Error if a sequence is empty or wholly masked, or the mask or the token types have another shape than the ids
 * @throws InputError if an id or a token type is no whole number from 0 on
 */
export function packPadded(batch: PaddedBatch, positions: PositionRule): PackedBatch {
  const { input_ids, attention_mask, token_type_ids } = batch;
  return pack(
    input_ids.map((ids, s) => ({
      ids,
      typeIds: token_type_ids && (token_type_ids[s] ?? []),
      mask: attention_mask && (attention_mask[s] ?? []),
    })),
    positions,
  );
}

interface MaskedSequence extends TokenSequence {
  readonly mask: TokenIds | undefined;
}

function pack(sequences: readonly MaskedSequence[], positions: PositionRule): PackedBatch {
  const offsets = [0];
  const keyCounts: number[] = [];
  const [inputIds, tokenTypeIds, positionIds, columns]: number[][] = [[], [], [], []];
  sequences.forEach(({ ids, typeIds, mask }, s) => {
    checkSequence(`sequence ${s} of the batch`, { ids, typeIds });
    checkLength(s, ids, typeIds, 'token types');
    checkLength(s, ids, mask, 'numbers in the attention mask');
    const all = Array.from(ids, (_, column) => column);
    const attended = mask ? all.filter((column) => mask[column] !== 0) : all;
    if (attended.length === 0) throw new Error(`Sequence ${s} of the batch has no token to attend to.`);
    const hidden = mask ? all.filter((column) => mask[column] === 0) : [];
    const places = positions(Array.from(ids));
    for (const column of [...attended, ...hidden]) {
      inputIds.push(ids[column]);
      tokenTypeIds.push(typeIds?.[column] ?? 0);
      positionIds.push(places[column]);
      columns.push(column);
    }
    offsets.push(inputIds.length);
    keyCounts.push(attended.length);
  });
  return {
    inputIds: Int32Array.from(inputIds),
    tokenTypeIds: Int32Array.from(tokenTypeIds),
    positionIds: Int32Array.from(positionIds),
    columns: Int32Array.from(columns),
    offsets: Int32Array.from(offsets),
    keyCounts: Int32Array.from(keyCounts),
  };
}

function checkLength(s: number, ids: TokenIds, others: TokenIds | undefined, what: string): void {
  if (others && others.length !== ids.length) {
    throw new Error(`Sequence ${s} of the batch has ${ids.length} ids but ${others.length} ${what}.`);
  }
}

/** One sequence of a batch, alone. */
export const sequenceAt = (batch: PackedBatch, s: number): PackedBatch => sequencesFrom(batch, s, s + 1);

/** The sequences of a batch from `first` to before `last`, alone. */
export function sequencesFrom(batch: PackedBatch, first: number, last: number): PackedBatch {
  const [start, end] = [batch.offsets[first], batch.offsets[last]];
  return {
    inputIds: batch.inputIds.subarray(start, end),
    tokenTypeIds: batch.tokenTypeIds.subarray(start, end),
    positionIds: batch.positionIds.subarray(start, end),
    columns: batch.columns.subarray(start, end),
    offsets: batch.offsets.subarray(first, last + 1).map((offset) => offset - start),
    keyCounts: batch.keyCounts.subarray(first, last),
  };
}

/**
 * A batch with rows before the tokens of each sequence that are none themselves. They are seen by all, and have the first positions.
 *
 * @param lengths [sequences] the number of these rows
 */
export function withRowsBefore(batch: PackedBatch, lengths: readonly number[]): PackedBatch {
  if (lengths.every((length) => length === 0)) return batch;
  const { offsets, keyCounts, positionIds } = batch;
  const first = firstRows(batch);
  const extended = (own: Int32Array, before: (i: number, s: number) => number, isMoved: boolean) =>
    Int32Array.from(
      lengths.flatMap((length, s) => [
        ...Array.from({ length }, (_, i) => before(i, s)),
        ...own.subarray(offsets[s], offsets[s + 1]).map((value) => (isMoved ? value + length : value)),
      ]),
    );
  let added = 0;
  return {
    inputIds: extended(batch.inputIds, () => -1, false),
    tokenTypeIds: extended(batch.tokenTypeIds, () => 0, false),
    positionIds: extended(positionIds, (i, s) => positionIds[first[s]] + i, true),
    columns: extended(batch.columns, (i) => i, true),
    offsets: offsets.map((start, s) => {
      const before = added;
      added += lengths[s] ?? 0;
      return start + before;
    }),
    keyCounts: keyCounts.map((count, s) => count + lengths[s]),
  };
}

/** The rows of a batch that are tokens. */
export const tokenRows = ({ inputIds }: PackedBatch): Int32Array =>
  Int32Array.from(inputIds.keys()).filter((row) => inputIds[row] >= 0);

/** The row that holds the first token of each sequence, or what stands before it. */
export function firstRows({ offsets, columns, keyCounts }: PackedBatch): Int32Array {
  return Int32Array.from(keyCounts, (_, s) => columns.indexOf(0, offsets[s]));
}

/** The sequence that each token belongs to which is attended to; -1 for other rows. */
export function tokenSequences({ offsets, keyCounts, inputIds }: PackedBatch): Int32Array {
  const sequences = new Int32Array(inputIds.length).fill(-1);
  keyCounts.forEach((keys, s) => {
    sequences.fill(s, offsets[s], offsets[s] + keys);
  });
  return sequences.map((s, row) => (inputIds[row] < 0 ? -1 : s));
}
