import type { AddressInfo } from 'node:net';
import { InputError } from '../../errors.ts';
import { optionalPackages, rethrow } from '../../io/optional-package.ts';
import { isLoopback } from './access.ts';
import type { AppEnv, AppParts } from './app.ts';
import { type Limits, timeLimitMs } from './limits.ts';

/** Milliseconds that the head of a request may take. */
const HEAD_MS = 10_000;

/** Milliseconds that connections have to read their last answer. */
const LAST_WORDS_MS = 500;

/** Where a server listens. */
export interface Place {
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
}

/** A server that listens. */
export interface RunningServer {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Takes no more connections, and ends those that there are. */
  close(): Promise<void>;
}

/** Loads the packages that a server needs. @throws InputError that says what to install */
export const serverPackages = () =>
  optionalPackages('serve', ['hono', '@hono/node-server', '@valibot/to-json-schema'], async () => {
    const [{ Hono }, { getRequestListener }, jsonSchema, { addRoutes }, { openApi }] = await Promise.all([
      import('hono').catch(rethrow),
      import('@hono/node-server').catch(rethrow),
      import('@valibot/to-json-schema').catch(rethrow),
      import('./app.ts'),
      import('./openapi.ts'),
    ]);
    return { Hono, getRequestListener, jsonSchema, addRoutes, openApi };
  });

export type ServerPackages = Awaited<ReturnType<typeof serverPackages>>;

/**
 * Listens for requests.
 *
 * @throws InputError if the place is taken or not one of this machine
 */
export async function listen(
  { Hono, getRequestListener, addRoutes }: ServerPackages,
  { host, port }: Place,
  parts: AppParts,
): Promise<RunningServer> {
  const { createServer } = await import('node:http');
  const app = new Hono<AppEnv>();
  addRoutes(app, parts);
  const server = createServer(
    { headersTimeout: HEAD_MS, requestTimeout: requestTime(parts.limits), connectionsCheckingInterval: 1000 },
    getRequestListener(app.fetch, { overrideGlobalObjects: false }),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(placeError({ host, port }, error)));
    server.listen(port, host, resolve);
  });
  const { address, port: own, family } = server.address() as AddressInfo;
  const shownHost = family === 'IPv6' ? `[${address}]` : address;
  return {
    url: `http://${shownHost}:${own}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Answers are on their way still; what has not said what it wants by then has nothing to wait for.
        setTimeout(() => server.closeAllConnections(), LAST_WORDS_MS).unref();
      }),
  };
}

/** Milliseconds in which a request must have come. */
const requestTime = (limits: Limits): number => Math.max(HEAD_MS, timeLimitMs(limits));

function placeError({ host, port }: Place, error: NodeJS.ErrnoException): Error {
  const at = `${isLoopback(host) ? '' : `${host}, `}port ${port}`;
  if (error.code === 'EADDRINUSE')
    return new InputError(`Something listens on ${at} already; give another --port (port).`);
  if (error.code === 'EACCES')
    return new InputError(`This user may not listen on ${at}; give a --port (port) above 1023.`);
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return new InputError(`${host} is no address of this machine; give another --host (host).`);
  }
  return error;
}
