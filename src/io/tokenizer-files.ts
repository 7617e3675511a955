/** The names that models of sentencepiece have, the vocabularies of tokenizers like XLM-R's, T5's and Llama's. */
export const sentencePieceFiles = [
  'sentencepiece.bpe.model',
  'sentencepiece.model',
  'spiece.model',
  'spm.model',
  'tokenizer.model',
];

/** The names of all files that say something of a model's tokenizer, beside config.json. */
export const tokenizerFiles = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.txt',
  'vocab.json',
  'merges.txt',
  'source.spm',
  'target.spm',
  'target_vocab.json',
  ...sentencePieceFiles,
];
