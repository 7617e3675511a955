import { InputError } from '../errors.ts';
import { type AnyModel, load } from '../finetune/index.ts';
import { isAdapterFolder } from '../interchange/index.ts';
import { fetchModel, readModelConfig, resolveModelFolder } from '../io/index.ts';
import { EncoderModel } from '../models/encoder-model.ts';
import { Encoder, isEncoderDecoderType, SequenceClassifier } from '../models/index.ts';
import type { SentenceEncoder } from '../models/sentence-encoder.ts';
import type { HeldDType } from '../nn/index.ts';
import type { Tokenizer } from '../text/index.ts';
import { isFinishedRun, readRunConfig, type SharedParts } from '../training/index.ts';
import { answerRequests } from './answer-requests.ts';
import type {
  AdapterFacts,
  Answerer,
  AnswerOutcome,
  AnswerRequest,
  BankSpec,
  ControlCommand,
  ControlReply,
} from './answerer.ts';
import { Backbone } from './backbone.ts';
import { taskOfModel } from './task-answers.ts';

/** A loaded model. */
interface Member {
  readonly model: AnyModel;
  readonly facts: AdapterFacts;
  /** The weights that it shares with others, and whether their encoder computes for it. */
  readonly home: Home | null;
  readonly isMixed: boolean;
  /** Batches that it has a part in. */
  uses: number;
  isLeaving: boolean;
}

/** A backbone, and how many models have its weights. */
interface Home {
  readonly backbone: Backbone;
  users: number;
}

/**
 * Many trained adapters of few backbones. Each has its own kind, masks, task, head and labels. Those of one backbone share its weights,
 * and what is asked of several at the same time is computed in one packed batch.
 *
 * A model whose adapter changes weights of the backbone (`full`, `bitfit`, `ln-tuning`, `shira`) shares the others and passes by itself,
 * and so do BART and checkpoints without an adapter, which share nothing.
 */
export class AdapterBank implements Answerer {
  /** Where the backbone is now, if it is not where the adapters say. */
  readonly #place: string | undefined;
  readonly #members = new Map<string, Member>();
  readonly #homes = new Map<string, Home>();
  /** By the folder of the backbone. */
  readonly #tokenizers = new Map<string, Tokenizer>();

  private constructor(place: string | undefined) {
    this.#place = place;
  }

  /** Loads what a description says. @throws InputError as {@link control} */
  static async open({ adapters, model }: Omit<BankSpec, 'kind'>): Promise<AdapterBank> {
    const bank = new AdapterBank(model);
    try {
      for (const { name, path } of adapters) await bank.#load(name, path);
      return bank;
    } catch (error) {
      bank.dispose();
      throw error;
    }
  }

  /** Answers each request, those of all adapters in one packed batch where their backbone is one. */
  async answer(requests: readonly AnswerRequest[], signal?: AbortSignal): Promise<AnswerOutcome[]> {
    const places = new Map<string, number[]>();
    for (const [place, { adapter = '' }] of requests.entries()) {
      places.set(adapter, [...(places.get(adapter) ?? []), place]);
    }
    const outcomes = new Array<AnswerOutcome>(requests.length);
    const answerOne = async ([name, own]: [string, number[]]): Promise<void> => {
      const some = await this.#answerWith(
        name,
        own.map((place) => requests[place]),
        signal,
      );
      for (const [i, place] of own.entries()) outcomes[place] = some[i];
    };
    const all = await Promise.allSettled([...places].map(answerOne));
    for (const one of all) if (one.status === 'rejected') throw one.reason;
    return outcomes;
  }

  async #answerWith(name: string, requests: readonly AnswerRequest[], signal?: AbortSignal): Promise<AnswerOutcome[]> {
    const member = this.#members.get(name);
    if (!member) {
      const error = { name: 'InputError', message: noSuch(name, [...this.#members.keys()]).message };
      return requests.map(() => ({ error }));
    }
    const answer = () => answerRequests(member.model, requests, signal);
    member.uses++;
    try {
      return await (member.home && member.isMixed ? member.home.backbone.during(answer) : answer());
    } finally {
      member.uses--;
      this.#freeUnused(member);
    }
  }

  /**
   * Loads an adapter of a run, of PEFT or of AdapterHub, or a checkpoint with a head of its own; or unloads one, which answers what it was
   * asked before.
   *
   * @throws InputError for a name that is taken or that nothing has, a task that no request is for, and as `load`
   */
  async control(command: ControlCommand): Promise<ControlReply> {
    if ('load' in command) await this.#load(command.load.name, command.load.path);
    if ('unload' in command) this.#unload(command.unload);
    return { adapters: [...this.#members.values()].map(({ facts }) => facts) };
  }

  dispose(): void {
    for (const name of [...this.#members.keys()]) this.#unload(name);
  }

  async #load(name: string, path: string): Promise<void> {
    if (this.#members.has(name)) throw new InputError(`There is an adapter '${name}' already; unload it first.`);
    const dtype = await sharedType(path, this.#place);
    let key = '';
    const shared: SharedParts = {
      ...(dtype && {
        weights: {
          backboneDtype: dtype,
          of: (folder, stored) => {
            key = `${dtype}\n${folder}`;
            if (holdsBart(folder)) return stored;
            return this.#homeOf(key, folder, dtype).backbone.weights.of(folder, stored);
          },
        },
      }),
      tokenizer: (folder, read) => this.#tokenizerOf(folder, read),
    };
    try {
      const model = await load(path, { shared, ...(this.#place && { model: this.#place }) });
      const facts = factsOf(name, path, model);
      const home = this.#homes.get(key) ?? null;
      const { network } = model;
      const isMixed = home !== null && isOfEncoder(network) && home.backbone.owns(network);
      if (home) home.users++;
      if (isMixed) home.backbone.serve(network);
      this.#members.set(name, { model, facts, home, isMixed, uses: 0, isLeaving: false });
    } finally {
      this.#freeUnusedHomes();
    }
  }

  #unload(name: string): void {
    const member = this.#members.get(name);
    if (!member) throw noSuch(name, [...this.#members.keys()]);
    this.#members.delete(name);
    member.isLeaving = true;
    this.#freeUnused(member);
  }

  #homeOf(key: string, folder: string, dtype: HeldDType): Home {
    const known = this.#homes.get(key);
    if (known) return known;
    const home = { backbone: new Backbone(folder, dtype), users: 0 };
    this.#homes.set(key, home);
    return home;
  }

  #tokenizerOf(folder: string, read: () => Tokenizer): Tokenizer {
    const tokenizer = this.#tokenizers.get(folder) ?? read();
    this.#tokenizers.set(folder, tokenizer);
    return tokenizer;
  }

  #freeUnused(member: Member): void {
    if (!member.isLeaving || member.uses > 0) return;
    member.model.dispose();
    if (member.home) member.home.users--;
    this.#freeUnusedHomes();
  }

  #freeUnusedHomes(): void {
    for (const [key, { backbone, users }] of this.#homes) {
      if (users > 0) continue;
      this.#homes.delete(key);
      backbone.dispose();
    }
  }
}

const noSuch = (name: string, names: readonly string[]): InputError =>
  new InputError(`There is no adapter '${name}'; there are: ${names.join(', ') || 'none'}.`);

const holdsBart = (folder: string): boolean => isEncoderDecoderType(readModelConfig(folder).model_type);

const isOfEncoder = (network: unknown): network is EncoderModel =>
  network instanceof EncoderModel && network.encoder instanceof Encoder;

/**
 * How the backbone of a run or an adapter is held that it shares with others; null where it shares none.
 *
 * @param place the backbone, where it is not what the run says
 */
async function sharedType(path: string, place: string | undefined): Promise<HeldDType | null> {
  if (!isFinishedRun(path)) return isAdapterFolder(path) ? 'float32' : null;
  const { settings } = readRunConfig(path);
  if (holdsBart(resolveModelFolder(await fetchModel(place ?? settings.model)))) return null;
  return settings.backboneDtype ?? 'float32';
}

/** @throws InputError for a model that no request is for, which it frees */
function factsOf(name: string, path: string, model: AnyModel): AdapterFacts {
  const { network, task, labels, settings, adapters } = model;
  const asked = taskOfModel(task);
  if (asked === null) {
    model.dispose();
    throw new InputError(
      `${path} was trained for ${task}, which a server does not answer; leave it out, and use predict.`,
    );
  }
  return {
    name,
    task: asked,
    kind: adapters.names.length > 0 ? settings.adapter.kind : null,
    labels,
    texts: network instanceof SequenceClassifier ? network.texts : null,
    pooling: task === 'feature-extraction' ? (network as SentenceEncoder).pooling : null,
  };
}
