import type { Queue, UnrecoverableError, Worker } from 'bullmq';
import type { Redis, RedisOptions } from 'ioredis';
import { environmentVariable } from '../environment.ts';
import { InputError } from '../errors.ts';
import { optionalPackages, rethrow } from '../io/index.ts';

/** The variable of the environment that has the password: a command line is seen by others, and stored with results. */
export const PASSWORD = 'SPARSE_ADAPTER_QUEUE_PASSWORD';

export const isRedisAddress = (address: string): boolean => /^rediss?:/i.test(address);

/** What is used of the packages. */
interface RedisPackages {
  readonly Queue: typeof Queue;
  readonly Worker: typeof Worker;
  readonly UnrecoverableError: typeof UnrecoverableError;
  readonly Redis: typeof Redis;
}

/** The packages that a queue on Redis needs. @throws InputError that says what to install */
export const redisPackages = (): Promise<RedisPackages> =>
  optionalPackages('A queue on Redis', ['bullmq', 'ioredis'], async () => {
    const { Queue, Worker, UnrecoverableError } = await import('bullmq').catch(rethrow);
    const { Redis } = await import('ioredis').catch(rethrow);
    return { Queue, Worker, UnrecoverableError, Redis };
  });

/** What an address says. @throws InputError for one with a password, and one that is none */
function optionsOf(address: string): RedisOptions {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || url.hostname === '' || !/^\/?\d*$/.test(url.pathname))
    throw new InputError('--queue (queue) must be redis://host:port, or rediss:// with TLS, or the path of a file.');
  if (url.password !== '')
    throw new InputError(`--queue (queue) must not have a password in it: set ${PASSWORD} in the environment.`);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    db: Number(url.pathname.slice(1)),
    username: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: environmentVariable(PASSWORD),
    ...(url.protocol === 'rediss:' && { tls: {} }),
  };
}

/**
 * Connects to Redis: at first within seconds or not at all, then for ever, whatever becomes of it meanwhile.
 *
 * @throws InputError for a wrong address, port, password or certificate
 */
export async function connectRedis(address: string): Promise<Redis> {
  const options = optionsOf(address);
  const { Redis } = await redisPackages();
  const first = new Redis({
    ...options,
    ...{ lazyConnect: true, maxRetriesPerRequest: 1, enableOfflineQueue: false, connectTimeout: 3000 },
    retryStrategy: (times) => (times > 3 ? null : 200),
  });
  let reason: unknown;
  first.on('error', (error) => {
    reason = error;
  });
  try {
    await first.connect();
    await first.ping();
  } catch (error) {
    throw problem(address, reason ?? error, options);
  } finally {
    first.disconnect();
  }
  const client = new Redis({
    ...options,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(100 * times, 3000),
  });
  // It connects again by itself.
  client.on('error', () => {});
  return client;
}

/** The one line about a connection that there is not. */
function problem(address: string, error: unknown, { password, tls }: RedisOptions): InputError {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const because = (what: string, remedy: string) =>
    new InputError(`Redis at ${address} ${what} (${message || code}): ${remedy}.`, { cause: error });
  if (/NOAUTH|WRONGPASS|without any password|invalid password/i.test(message)) {
    if (password !== undefined) return because('does not let this in', `correct ${PASSWORD}`);
    return new InputError(`Redis at ${address} wants a password: set ${PASSWORD} in the environment.`, {
      cause: error,
    });
  }
  if (/NOPERM/.test(message)) return because('does not let this user do it', 'give it the rights of a queue');
  if (/CERT|SELF_SIGNED|ISSUER|ALTNAME/.test(code))
    return because('has a certificate that is not trusted', 'name that of its authority in NODE_EXTRA_CA_CERTS');
  if (/SSL|EPROTO/.test(code) || (tls && /ETIMEDOUT|ECONNRESET|closed/i.test(`${code} ${message}`)))
    return because('does not answer with TLS', 'correct --queue (queue); without TLS it is redis://');
  return because('does not answer', `start it, or correct --queue (queue); with TLS it is rediss://`);
}
