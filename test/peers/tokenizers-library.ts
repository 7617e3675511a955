import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

/** A text or a pair for the library, whose binding takes no lists of words; `null` is no second text. */
export interface LibraryInput {
  readonly text: string;
  readonly pair: string | null;
  readonly addSpecialTokens: boolean;
}

/** How the library cuts texts, in its words. */
export interface LibraryTruncation {
  readonly maxLength: number;
  readonly strategy: 'LongestFirst' | 'OnlyFirst' | 'OnlySecond';
  readonly direction: 'left' | 'right';
  readonly stride: number;
}

/** What the library is asked. */
export type Request =
  | { readonly kind: 'load'; readonly json: string }
  | { readonly kind: 'encode'; readonly inputs: readonly LibraryInput[] }
  | ({ readonly kind: 'windows' } & LibraryInput & LibraryTruncation)
  | {
      readonly kind: 'decode';
      readonly inputs: readonly { readonly ids: readonly number[]; readonly skipSpecialTokens: boolean }[];
    };

/** What the library makes of texts; offsets count characters (code points). */
export interface LibraryEncoding {
  readonly ids: number[];
  readonly typeIds: number[];
  readonly specialTokensMask: number[];
  readonly offsets: [number, number][];
  /** As they are spelled where they were found. */
  readonly tokens: string[];
  readonly wordIds: (number | null)[];
  readonly sequenceIds: (number | null)[];
  readonly overflowing: LibraryEncoding[];
}

export type Answer =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'encodings'; readonly encodings: LibraryEncoding[] }
  | { readonly kind: 'texts'; readonly texts: string[] }
  | { readonly kind: 'refused'; readonly message: string; readonly isPanic?: boolean };

/** Thrown where the library refuses, by an error or by a panic. */
export class LibraryError extends Error {
  readonly isPanic: boolean;

  constructor({ message, isPanic = false }: Extract<Answer, { kind: 'refused' }>) {
    super(message);
    this.isPanic = isPanic;
  }
}

/** The Rust library `tokenizers`, with one tokenizer at a time. */
export class Library {
  #process: ChildProcess | null = null;
  #json = '';
  /** What the process wrote to its error stream. */
  #said = '';

  /** Makes the tokenizer of a tokenizer.json the one at hand. @throws LibraryError if it refuses it */
  async load(json: string): Promise<void> {
    await this.#ask({ kind: 'load', json });
    this.#json = json;
  }

  /** @throws LibraryError if it refuses one of them */
  async encode(inputs: readonly LibraryInput[]): Promise<readonly LibraryEncoding[]> {
    return this.#encodings({ kind: 'encode', inputs });
  }

  /** Encodes a text or a pair and cuts it, with all windows. @throws LibraryError if it refuses that */
  async windows(input: LibraryInput, truncation: LibraryTruncation): Promise<LibraryEncoding> {
    const [encoding] = await this.#encodings({ kind: 'windows', ...input, ...truncation });
    return encoding;
  }

  /** @throws LibraryError if it refuses one of them */
  async decode(inputs: Extract<Request, { kind: 'decode' }>['inputs']): Promise<readonly string[]> {
    const answer = await this.#ask({ kind: 'decode', inputs });
    if (answer.kind !== 'texts') throw new Error(`the library answers ${answer.kind}`);
    return answer.texts;
  }

  close(): void {
    this.#process?.kill();
    this.#process = null;
  }

  async #encodings(request: Request): Promise<readonly LibraryEncoding[]> {
    const answer = await this.#ask(request);
    if (answer.kind !== 'encodings') throw new Error(`the library answers ${answer.kind}`);
    return answer.encodings;
  }

  async #ask(request: Request): Promise<Answer> {
    const child = this.#process ?? this.#start();
    if (this.#process === null && request.kind !== 'load') {
      await this.#askOf(child, { kind: 'load', json: this.#json });
    }
    this.#process = child;
    const answer = await this.#askOf(child, request);
    if (answer.kind === 'refused') throw new LibraryError(answer);
    return answer;
  }

  #start(): ChildProcess {
    const child = fork(join(import.meta.dirname, 'tokenizers-worker.ts'), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
      env: { ...process.env, RUST_BACKTRACE: '0', TOKENIZERS_PARALLELISM: 'false' },
    });
    this.#said = '';
    child.stderr?.on('data', (said) => {
      this.#said += said;
    });
    return child;
  }

  #askOf(child: ChildProcess, request: Request): Promise<Answer> {
    return new Promise((resolve, fail) => {
      const end = (answer: Answer) => {
        child.off('message', end);
        child.off('close', lost);
        resolve(answer);
      };
      const lost = () => {
        if (this.#process === child) this.#process = null;
        const panic = /panicked at .*\n(.*)/.exec(this.#said);
        // Whatever else ends it, such as an addon that is not there, is no answer of the library.
        if (panic === null) fail(new Error(`the process of the library ended: ${this.#said.slice(0, 1000)}`));
        else end({ kind: 'refused', message: `panic: ${panic[1]}`, isPanic: true });
      };
      child.on('message', end);
      // After all that it said has come.
      child.on('close', lost);
      child.send(request);
    });
  }
}
