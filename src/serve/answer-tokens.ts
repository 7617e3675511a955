import type { Encoding, Tokenizer } from '../text/index.ts';
import { yieldToEvents } from '../training/yield.ts';
import type { EntityGroup, TokenLabel } from './outputs.ts';
import type { TaskAnswers } from './task-answers.ts';
import { rowsOf } from './token-rows.ts';

/** The labels of the tokens of texts, or of the entities that they make. */
export const tokenAnswers: TaskAnswers<'token-classification'> = {
  key: () => '',

  async answer(model, asked, signal) {
    const { tokenizer, settings } = model;
    const network = model.hold();
    const texts = asked.map(({ input }) => windowsOf(tokenizer, input, settings.maxLength));
    await yieldToEvents();
    signal?.throwIfAborted();
    const windows = texts.flatMap((text) => text.windows);
    const outputs = rowsOf(await network.read(windows), windows, network.labels.length);
    let first = 0;
    return asked.map(({ options }, i) => {
      const logits = outputs.slice(first, first + texts[i].windows.length);
      first += logits.length;
      const { ignore_labels = ['O'], aggregation_strategy = 'none' } = options;
      const labelled = tokensOf(texts[i], logits, (row) => likeliest(row, network.labels));
      const kept = labelled.filter(({ entity }) => !ignore_labels.includes(entity));
      if (aggregation_strategy === 'simple') return groupsOf(kept).map((group) => entityOf(group, tokenizer));
      return kept.map(({ id, ...token }) => ({ ...token, word: wordOf([{ id }], tokenizer) }));
    });
  },
};

/** The text of tokens, those that stand for what the vocabulary lacks included. */
function wordOf(tokens: readonly { readonly id: number }[], tokenizer: Tokenizer): string {
  const ids = tokens.map(({ id }) => id);
  return tokenizer.decode(ids, { skipSpecialTokens: false });
}

/** A label of a token that is not a text yet. */
interface LabelledToken extends Omit<TokenLabel, 'word'> {
  readonly id: number;
}

/** A text in windows that a model can read; each begins `step` tokens after the one before it. */
interface ReadText {
  readonly windows: readonly Encoding[];
  readonly step: number;
}

/** Neighbouring windows share so large a part of their tokens. */
const SHARED = 1 / 4;

function windowsOf(tokenizer: Tokenizer, text: string, maxLength: number): ReadText {
  const stride = Math.floor((maxLength - 2) * SHARED);
  const first = tokenizer.encode(text, null, { maxLength, stride, returnOverflowingTokens: true });
  return { windows: [first, ...first.overflowing], step: contentOf(first).length - stride };
}

/** The places of tokens that are not special. */
const contentOf = ({ specialTokensMask }: Encoding): number[] =>
  specialTokensMask.flatMap((isSpecial, place) => (isSpecial ? [] : [place]));

/** The tokens of a text, labelled where they have the most tokens on both sides, if several windows hold them. */
function tokensOf(
  { windows, step }: ReadText,
  logits: readonly Float32Array[],
  label: (row: Float32Array) => Pick<LabelledToken, 'entity' | 'score'>,
): LabelledToken[] {
  const tokens: LabelledToken[] = [];
  const rooms: number[] = [];
  const before = contentOf(windows[0])[0] ?? 0;
  for (const [w, window] of windows.entries()) {
    const width = logits[w].length / window.ids.length;
    const content = contentOf(window);
    for (const [i, place] of content.entries()) {
      const number = w * step + i;
      const room = Math.min(i, content.length - 1 - i);
      if ((rooms[number] ?? -1) >= room) continue;
      rooms[number] = room;
      const [start, end] = window.offsets[place];
      const own = label(logits[w].subarray(place * width, (place + 1) * width));
      tokens[number] = { ...own, index: before + number, id: window.ids[place], start, end };
    }
  }
  return tokens;
}

function likeliest(
  logits: Float32Array,
  labels: readonly string[],
): { readonly entity: string; readonly score: number } {
  const largest = Math.max(...logits);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
  return { entity: labels[logits.indexOf(largest)], score: 1 / total };
}

/** How a token lies in its entity (B, I, E, S), and the type of that; a tag that does not say it goes on. */
function tagOf(entity: string): { readonly place: string; readonly type: string } {
  const found = /^([BIES])-(.*)$/s.exec(entity);
  return found ? { place: found[1], type: found[2] } : { place: 'I', type: entity };
}

/** Tokens of one entity each. It ends before a label that begins one (B, S), after one that ends one (E, S), and before another type. */
function groupsOf(tokens: readonly LabelledToken[]): LabelledToken[][] {
  const groups: LabelledToken[][] = [];
  let open: string | null = null;
  for (const token of tokens) {
    const { place, type } = tagOf(token.entity);
    const goesOn: boolean = type === open && place !== 'B' && place !== 'S';
    if (goesOn) groups[groups.length - 1].push(token);
    else groups.push([token]);
    open = place === 'S' || (place === 'E' && goesOn) ? null : type;
  }
  return groups;
}

function entityOf(tokens: readonly LabelledToken[], tokenizer: Tokenizer): EntityGroup {
  const score = tokens.reduce((sum, token) => sum + token.score, 0) / tokens.length;
  const word = wordOf(tokens, tokenizer);
  const [{ start, entity }, { end }] = [tokens[0], tokens[tokens.length - 1]];
  return { entity_group: tagOf(entity).type, score, word, start, end };
}
