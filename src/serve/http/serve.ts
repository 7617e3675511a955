import { InputError } from '../../errors.ts';
import { type GivenOf, parseGiven, type SettingsOf, withDefaults } from '../../settings/index.ts';
import { RequestQueue } from '../queue.ts';
import { openWorkers } from '../worker-pool.ts';
import { isLoopback } from './access.ts';
import { AdapterFolder } from './adapter-folder.ts';
import { isAdapterName } from './api.ts';
import { Lifecycle } from './lifecycle.ts';
import { Metrics } from './metrics.ts';
import { RequestLog } from './request-log.ts';
import { ServedModels } from './served-models.ts';
import { listen, serverPackages } from './server.ts';
import { serverSettings } from './settings.ts';

/** A model to serve: its name in requests, and the folder of a run, of an adapter of PEFT or AdapterHub, or of a checkpoint. */
export interface NamedModel {
  readonly name: string;
  readonly path: string;
}

/** Options of {@link serve}. */
export interface ServeOptions extends GivenOf<typeof serverSettings> {
  /** What requests must have, as `Authorization: Bearer <token>`. Default: none */
  readonly token?: string;
  /** Takes each line of the log. Default: standard error */
  readonly onLog?: (line: string) => void;
  /** The version that the description of the interface has. */
  readonly version?: string;
}

/** A server that answers. */
export interface Server {
  /** Where it listens: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The names of its adapters. */
  readonly adapters: readonly string[];
  /** Refuses new requests, answers those that it has, and ends. */
  close(): Promise<void>;
}

/**
 * Serves trained adapters over HTTP. Those of one backbone share its weights, and what is asked of several at the same time is computed in
 * one packed batch, in threads beside the one that listens.
 *
 * @throws InputError for options that do not fit, a model that cannot be loaded, and a place where it cannot listen
 */
export async function serve(models: readonly NamedModel[], given: ServeOptions = {}): Promise<Server> {
  const { token, onLog = (line) => process.stderr.write(`${line}\n`), version = '', ...others } = given;
  const parsed = parseGiven(serverSettings, others, 'serve');
  const options = withDefaults(serverSettings, parsed, {}) as SettingsOf<typeof serverSettings>;
  const folder = new AdapterFolder(options.adapters);
  if (models.length === 0 && options.adapters === undefined) {
    throw new InputError('There is no model to serve; name one or more, or a folder with --adapters (adapters).');
  }
  if (models.length > options.maxAdapters) {
    throw new InputError(
      `${models.length} adapters are more than --max-adapters (maxAdapters) allows, ${options.maxAdapters}; raise it, or name fewer.`,
    );
  }
  for (const { name } of models) checkName(name);
  checkToken(token);
  const packages = await serverPackages();
  const log = new RequestLog(options.log === 'none' ? () => {} : onLog);
  const lifecycle = new Lifecycle();
  // The numbers of a moment are asked for once it listens.
  const metrics = new Metrics({
    waiting: () => queue.waiting,
    answering: () => queue.answering,
    adapters: () => served.count,
  });
  const { workers, model } = options;
  const spec = { kind: 'bank', adapters: models, ...(model && { model }) } as const;
  let areOpen = false;
  const answerers = await openWorkers(spec, {
    workers,
    onRestart: (reason) => {
      // One that cannot load has said so.
      if (!areOpen) return;
      metrics.restarts.add();
      log.event('error', 'worker lost', { problem: reason });
    },
  });
  areOpen = true;
  const queue = new RequestQueue(answerers, {
    ...{ maxBatch: options.maxBatch, maxWait: options.maxWait, maxQueue: options.maxQueue },
    onBatch: ({ size, waited, took }) => {
      metrics.batchSizes.observe(size);
      metrics.waitSeconds.observe(waited / 1000);
      metrics.batchSeconds.observe(took / 1000);
    },
  });
  const { adapters } = await queue.control({ list: true });
  const served = new ServedModels(queue, adapters);
  try {
    const running = await listen(packages, options, {
      ...{ models: served, folder, limits: options, metrics, log, lifecycle, token: token ?? null },
      isLocal: isLoopback(options.host),
      openApi: packages.openApi(packages.jsonSchema, options, { hasToken: token !== undefined, version }),
    });
    log.event('info', 'listening', { url: running.url, adapters: adapters.length, token: token !== undefined });
    return {
      url: running.url,
      adapters: adapters.map(({ name }) => name),
      close: async () => {
        log.event('info', 'stopping');
        await lifecycle.stop();
        await running.close();
        await queue.close();
        log.event('info', 'stopped');
      },
    };
  } catch (error) {
    queue.dispose();
    throw error;
  }
}

/** @throws InputError for a name that no request can have */
function checkName(name: string): void {
  if (isAdapterName(name)) return;
  throw new InputError(
    `'${name}' cannot be the name of an adapter, which has letters, digits, '.', '-' and '_'; give another one as name=folder (name).`,
  );
}

/** @throws InputError for a token that no header can have, or that is guessed too soon */
function checkToken(token: string | undefined): void {
  if (token === undefined) return;
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new InputError('The token must be of ASCII letters, digits and signs, without spaces.');
  if (token.length < 8) throw new InputError('The token is too short; give one of 8 characters or more.');
}
