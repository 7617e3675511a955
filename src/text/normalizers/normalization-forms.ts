import type { AlignedText } from '../aligned-text.ts';
import { isAscii } from '../ascii.ts';
import { combiningRank, composition, decomposition, type NormalizationForm } from '../unicode/normalization.ts';
import { Transformation } from './transformation.ts';

/** Takes the characters of a text one after the other; `change` is that of `Transformation.put`. */
interface Receiver {
  put(codePoint: number, rank: number, change: number): void;
  /** Hands on what waits for more. */
  flush(): void;
}

/** Marks that wait, as numbers in arrays that are used again. */
class Marks {
  readonly #codePoints: number[] = [];
  readonly #ranks: number[] = [];
  readonly #changes: number[] = [];
  #length = 0;
  #isOrdered = true;

  get lastRank(): number {
    return this.#length === 0 ? 0 : this.#ranks[this.#length - 1];
  }

  push(codePoint: number, rank: number, change: number): void {
    if (rank < this.lastRank) this.#isOrdered = false;
    this.#codePoints[this.#length] = codePoint;
    this.#ranks[this.#length] = rank;
    this.#changes[this.#length++] = change;
  }

  /** Hands the marks on, those of a lower rank first. */
  release(next: Receiver): void {
    if (this.#isOrdered) for (let i = 0; i < this.#length; i++) this.#release(i, next);
    else {
      const order = Array.from({ length: this.#length }, (_, i) => i);
      for (const i of order.sort((a, b) => this.#ranks[a] - this.#ranks[b])) this.#release(i, next);
    }
    this.#length = 0;
    this.#isOrdered = true;
  }

  #release(i: number, next: Receiver): void {
    next.put(this.#codePoints[i], this.#ranks[i], this.#changes[i]);
  }
}

/** Puts the marks after each starter (a character of rank 0) in order. */
class Ordering implements Receiver {
  readonly #next: Receiver;
  readonly #marks = new Marks();

  constructor(next: Receiver) {
    this.#next = next;
  }

  put(codePoint: number, rank: number, change: number): void {
    if (rank > 0) this.#marks.push(codePoint, rank, change);
    else {
      this.#marks.release(this.#next);
      this.#next.put(codePoint, 0, change);
    }
  }

  flush(): void {
    this.#marks.release(this.#next);
    this.#next.flush();
  }
}

/** Composes each starter with what follows it, as far as nothing of the same rank is between them. */
class Composing implements Receiver {
  readonly #next: Receiver;
  #starter = -1;
  #change = 0;
  /** What follows the starter without being composed with it. */
  readonly #marks = new Marks();

  constructor(next: Receiver) {
    this.#next = next;
  }

  put(codePoint: number, rank: number, change: number): void {
    const { lastRank } = this.#marks;
    if (this.#starter >= 0 && (lastRank === 0 || lastRank < rank)) {
      const composed = composition(this.#starter, codePoint);
      if (composed !== undefined) {
        this.#starter = composed;
        this.#change += change - 1;
        return;
      }
    }
    if (rank === 0) {
      this.#release();
      this.#starter = codePoint;
      this.#change = change;
    } else if (this.#starter >= 0) this.#marks.push(codePoint, rank, change);
    else this.#next.put(codePoint, rank, change);
  }

  flush(): void {
    this.#release();
    this.#next.flush();
  }

  #release(): void {
    if (this.#starter < 0) return;
    this.#next.put(this.#starter, 0, this.#change);
    this.#starter = -1;
    this.#marks.release(this.#next);
  }
}

/** Returns whether a code unit is that of a character which no normalization changes, though it may take in what follows. */
const isPlain = (unit: number): boolean => unit < 0x80 || (unit >= 0x3400 && unit <= 0x9fff);

/** The engine takes a time that grows with the square of the number of marks in a row. */
const hasManyMarks = (text: string): boolean => text.length > 1000 && /\p{M}{64}/u.test(text);

/**
 * Brings a text into one of Unicode's normalization forms.
 *
 * Source: the crate unicode-normalization-alignments, for what each character comes from.
 */
export function normalizeForm(source: AlignedText, form: NormalizationForm): AlignedText {
  const { text } = source;
  if (isAscii(text)) return source;
  if (!hasManyMarks(text)) return text.normalize(form) === text ? source : changed(source, form);
  const result = changed(source, form);
  return result.text === text ? source : result;
}

function changed(source: AlignedText, form: NormalizationForm): AlignedText {
  const { text } = source;
  const output = new Transformation(source);
  const sink: Receiver = {
    put: (codePoint, _, change) => output.put(codePoint, change),
    flush: () => {},
  };
  const ordering = new Ordering(form === 'NFC' || form === 'NFKC' ? new Composing(sink) : sink);

  for (let at = 0; at < text.length; ) {
    let plainEnd = at;
    while (plainEnd < text.length && isPlain(text.charCodeAt(plainEnd))) plainEnd++;
    // What follows may compose with the last one.
    if (plainEnd - at > 1) {
      ordering.flush();
      output.keep(at, plainEnd - 1);
      at = plainEnd - 1;
    }
    const codePoint = text.codePointAt(at)!;
    const parts = decomposition(codePoint, form);
    if (parts === null) ordering.put(codePoint, combiningRank(codePoint), 0);
    else for (let i = 0; i < parts.length; i++) ordering.put(parts[i], combiningRank(parts[i]), i === 0 ? 0 : 1);
    at += codePoint > 0xffff ? 2 : 1;
  }
  ordering.flush();
  return output.build();
}
