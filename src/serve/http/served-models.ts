import type { AdapterFacts, PipelineTask } from '../answerer.ts';
import type { RequestQueue } from '../queue.ts';
import { QueueFullError } from '../serve-errors.ts';
import { type VerbName, verbs } from './api.ts';
import type { Question } from './app.ts';
import { HttpError } from './http-error.ts';

/** An adapter as clients see it. */
export interface ServedFacts {
  readonly name: string;
  readonly task: string;
  /** The way to ask it. */
  readonly verb: VerbName;
  readonly kind: string | null;
  readonly labels: readonly string[] | null;
  readonly pairs: boolean | null;
}

const verbOf = (task: PipelineTask): VerbName =>
  (Object.keys(verbs) as VerbName[]).find((name) => verbs[name].task === task) as VerbName;

/** The models that a server answers with: a queue before them, and what is known of them. */
export class ServedModels {
  readonly queue: RequestQueue;
  readonly #facts = new Map<string, AdapterFacts>();
  /** Requests of each adapter that are not answered yet. */
  readonly #open = new Map<string, number>();
  /** Told when an adapter has no more of them. */
  #forEnd: (() => void)[] = [];
  /** One change after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(queue: RequestQueue, facts: readonly AdapterFacts[]) {
    this.queue = queue;
    this.#use(facts);
  }

  #use(facts: readonly AdapterFacts[]): void {
    this.#facts.clear();
    for (const one of facts) this.#facts.set(one.name, one);
  }

  get count(): number {
    return this.#facts.size;
  }

  get facts(): ServedFacts[] {
    return [...this.#facts.values()].map(shownFacts);
  }

  /** Returns what is known of an adapter, or of the only one. @throws HttpError if there is none, or it is asked otherwise */
  find(name: string | undefined, verb: VerbName): AdapterFacts {
    const own = [...this.#facts.values()].filter(({ task }) => task === verbs[verb].task);
    if (name === undefined && own.length !== 1) {
      throw new HttpError(400, 'no_adapter', 'Name the adapter; GET /v1/adapters lists them.');
    }
    const facts = name === undefined ? own[0] : this.#facts.get(name);
    if (!facts) throw new HttpError(404, 'no_adapter', 'There is no such adapter; GET /v1/adapters lists them.');
    if (facts.task === verbs[verb].task) return facts;
    throw new HttpError(400, 'wrong_task', `This adapter is for ${facts.task}; ask /v1/${verbOf(facts.task)}.`);
  }

  /** Answers all inputs of a question. @throws QueueFullError if there is no room for all of them, InputError for one that is none */
  async ask(facts: AdapterFacts, verb: VerbName, question: Question, signal: AbortSignal): Promise<unknown[]> {
    const { adapter: _, inputs, ...options } = question;
    const { task, defaults } = verbs[verb];
    if (this.queue.free < inputs.length) throw new QueueFullError(this.queue.options.maxQueue);
    const pooling = verb === 'embed' && facts.pooling ? { pooling: facts.pooling } : {};
    const all = { ...defaults, ...pooling, ...options };
    // When one fails, the others are not wanted any more.
    const end = new AbortController();
    const either = AbortSignal.any([signal, end.signal]);
    this.#count(facts.name, 1);
    try {
      const values = await Promise.all(
        inputs.map((input) => this.queue.ask({ task, input, options: all, adapter: facts.name }, { signal: either })),
      );
      return verb === 'embed' ? values.map((value) => Array.from((value as { data: Float32Array }).data)) : values;
    } catch (error) {
      end.abort();
      throw error;
    } finally {
      this.#count(facts.name, -1);
    }
  }

  #count(name: string, change: 1 | -1): void {
    const open = (this.#open.get(name) ?? 0) + change;
    if (open > 0) {
      this.#open.set(name, open);
      return;
    }
    this.#open.delete(name);
    for (const tell of this.#forEnd.splice(0)) tell();
  }

  /** Loads an adapter, while others answer. @throws HttpError for a name that is taken and one too many, InputError as `load` */
  load(name: string, path: string, most: number): Promise<ServedFacts> {
    return this.#change(async () => {
      if (this.#facts.has(name))
        throw new HttpError(409, 'name_taken', 'There is an adapter of this name; unload it first.');
      if (this.count >= most) throw new HttpError(409, 'too_many', `There are ${most} adapters; unload one first.`);
      const { adapters } = await this.queue.control({ load: { name, path } });
      this.#use(adapters);
      return shownFacts(this.#facts.get(name) as AdapterFacts);
    });
  }

  /** Unloads an adapter; what it was asked before is answered. @throws HttpError if there is none */
  unload(name: string): Promise<void> {
    return this.#change(async () => {
      if (!this.#facts.has(name)) throw new HttpError(404, 'no_adapter', 'There is no such adapter.');
      this.#facts.delete(name);
      while (this.#open.has(name)) await new Promise<void>((resolve) => this.#forEnd.push(resolve));
      const { adapters } = await this.queue.control({ unload: name });
      this.#use(adapters);
    });
  }

  #change<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => {});
    return done;
  }
}

const shownFacts = ({ name, task, kind, labels, texts }: AdapterFacts): ServedFacts => ({
  ...{ name, task, kind, labels },
  verb: verbOf(task),
  pairs: texts === null ? null : texts === 2,
});
