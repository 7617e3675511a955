import type { ComponentKinds } from '../component.ts';
import type { TokenModel } from '../stages.ts';
import { bpe } from './bpe.ts';
import { sentencePiece } from './sentence-piece.ts';
import { unigram } from './unigram.ts';

/** The kinds of models beyond BERT's. */
export const furtherModels: ComponentKinds<TokenModel> = { BPE: bpe, Unigram: unigram, SentencePiece: sentencePiece };
