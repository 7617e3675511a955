import { InputError } from '../errors.ts';

/** The content of a tokenizer.json. */
export type TokenizerDefinition = Readonly<Record<string, unknown>>;

/** The content of a tokenizer_config.json. */
export type TokenizerConfig = Readonly<Record<string, unknown>>;

type Vocabulary = Readonly<Record<string, number>>;

/**
 * The tokenizer.json equivalent to a BERT `vocab.txt`, a token per line. Of `config`, `do_lower_case`, `strip_accents`
 * and `tokenize_chinese_chars` are read.
 *
 * @param label names the file in messages
 * @throws InputError when a special token is not in the vocabulary
 */
export function wordPieceDefinition(vocabText: string, config: TokenizerConfig, label: string): TokenizerDefinition {
  const lines = vocabText.replace(/\r?\n$/, '').split(/\r?\n/);
  const vocab = Object.fromEntries(lines.map((token, id) => [token, id]));
  const cls = idOf('[CLS]', vocab, label);
  const sep = idOf('[SEP]', vocab, label);
  const special = (id: string, typeId: number) => ({ SpecialToken: { id, type_id: typeId } });
  const sequence = (id: string, typeId: number) => ({ Sequence: { id, type_id: typeId } });
  const single = [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0)];
  return {
    added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].map((token) => addedToken(token, vocab, label)),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars ?? true,
      strip_accents: config.strip_accents ?? null,
      lowercase: config.do_lower_case ?? true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single,
      pair: [...single, sequence('B', 1), special('[SEP]', 1)],
      special_tokens: { '[CLS]': { id: '[CLS]', ids: [cls] }, '[SEP]': { id: '[SEP]', ids: [sep] } },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}

/**
 * The tokenizer.json equivalent to the `vocab.json` and `merges.txt` of RoBERTa or BART (byte-level BPE). Of `config`,
 * `add_prefix_space` is read.
 *
 * @param label names the vocabulary's file in messages
 * @throws InputError when the vocabulary does not map to ids or lacks a special token
 */
export function byteLevelDefinition(
  vocab: Readonly<Record<string, unknown>>,
  mergesText: string,
  config: TokenizerConfig,
  label: string,
): TokenizerDefinition {
  if (!isVocabulary(vocab)) throw new InputError(`${label} must map tokens to ids; download it again.`);
  const byteLevel = { type: 'ByteLevel', add_prefix_space: config.add_prefix_space ?? false, trim_offsets: true };
  const merges = mergesText
    .split(/\r?\n/)
    .filter((line, i) => line !== '' && !(i === 0 && line.startsWith('#version')));
  return {
    added_tokens: [
      ...['<s>', '<pad>', '</s>', '<unk>'].map((token) => addedToken(token, vocab, label)),
      { ...addedToken('<mask>', vocab, label), lstrip: true },
    ],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: {
      ...byteLevel,
      type: 'RobertaProcessing',
      sep: ['</s>', idOf('</s>', vocab, label)],
      cls: ['<s>', idOf('<s>', vocab, label)],
    },
    decoder: { ...byteLevel, add_prefix_space: true },
    model: { type: 'BPE', unk_token: null, continuing_subword_prefix: '', end_of_word_suffix: '', vocab, merges },
  };
}

function isVocabulary(vocab: Readonly<Record<string, unknown>>): vocab is Vocabulary {
  return Object.values(vocab).every(Number.isInteger);
}

function idOf(token: string, vocab: Vocabulary, label: string): number {
  if (Object.hasOwn(vocab, token)) return vocab[token];
  throw new InputError(`${label} lacks the special token ${token}; provide the model's tokenizer.json instead.`);
}

function addedToken(content: string, vocab: Vocabulary, label: string) {
  const id = idOf(content, vocab, label);
  return { id, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false };
}
