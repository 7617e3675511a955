import type { Context, Hono } from 'hono';
import type * as v from 'valibot';
import { InputError } from '../../errors.ts';
import { parseWith } from '../../settings/index.ts';
import { QueueFullError } from '../serve-errors.ts';
import { hasToken, namesLoopback } from './access.ts';
import type { AdapterFolder } from './adapter-folder.ts';
import { isAdapterName, loadSchema, questionSchema, type VerbName, verbs } from './api.ts';
import { clientGone, HttpError, isStopping, queueFull } from './http-error.ts';
import type { Lifecycle } from './lifecycle.ts';
import { type Limits, timeLimitMs } from './limits.ts';
import type { Metrics } from './metrics.ts';
import { pageHeaders, pageHtml, pageScript, pageStyle } from './page.ts';
import type { RequestLog } from './request-log.ts';
import type { ServedModels } from './served-models.ts';

/** What the routes of a server need. */
export interface AppParts {
  readonly models: ServedModels;
  readonly folder: AdapterFolder;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly log: RequestLog;
  /** Clients must have it; null: there is none. */
  readonly token: string | null;
  /** Whether it listens on the loopback address alone. */
  readonly isLocal: boolean;
  /** The description of the interface. */
  readonly openApi: unknown;
  readonly lifecycle: Lifecycle;
}

/** What a request turned out to be about, for the log. */
interface Told {
  adapter?: string;
  inputs?: number;
  problem?: string;
}

/** What the parts of an app tell each other about a request. */
export type AppEnv = { Variables: { told: Told } };

/** Routes that need no token. */
const OPEN = ['/', '/page.js', '/page.css', '/health', '/ready', '/openapi.json'];

/** Adds the routes of a server to an app of Hono's. */
export function addRoutes(app: Hono<AppEnv>, parts: AppParts): void {
  const { models, folder, limits, metrics, token, isLocal, openApi, lifecycle } = parts;

  app.use('*', (c, next) => logged(c, parts, next));
  app.use('*', async (c, next) => {
    if (isLocal && !namesLoopback(c.req.header('host'))) {
      throw new HttpError(403, 'wrong_host', 'This server is asked under the name localhost, or by its address.');
    }
    if (token !== null && !OPEN.includes(c.req.path) && !hasToken(c.req.header('authorization'), token)) {
      throw new HttpError(401, 'unauthorized', 'Give the token of this server: Authorization: Bearer <token>.', {
        'WWW-Authenticate': 'Bearer',
      });
    }
    if (!c.req.path.startsWith('/v1/')) return next();
    if (lifecycle.isStopping) throw isStopping();
    const end = lifecycle.begin();
    try {
      await next();
    } finally {
      end();
    }
  });
  app.onError((error, c) => problemOf(c, error));
  app.notFound((c) => {
    const methods = app.routes.filter(({ method, path }) => method !== 'ALL' && isOfRoute(path, c.req.path));
    const allowed = methods.map(({ method }) => method).join(', ');
    return problemOf(
      c,
      allowed === ''
        ? new HttpError(404, 'not_found', 'There is nothing here; see /openapi.json.')
        : new HttpError(405, 'wrong_method', `This takes ${allowed}; see /openapi.json.`, { Allow: allowed }),
    );
  });

  app.get('/', (c) => c.body(pageHtml, 200, { ...pageHeaders, 'Content-Type': 'text/html; charset=utf-8' }));
  app.get('/page.js', (c) => c.body(pageScript, 200, { ...pageHeaders, 'Content-Type': 'text/javascript' }));
  app.get('/page.css', (c) => c.body(pageStyle, 200, { ...pageHeaders, 'Content-Type': 'text/css' }));
  app.get('/openapi.json', (c) => c.json(openApi as object));
  const status = () => (lifecycle.isStopping ? 'stopping' : 'ok');
  app.get('/health', (c) => c.json({ status: status() }));
  app.get('/ready', (c) => c.json({ status: status() }, lifecycle.isStopping ? 503 : 200));
  app.get('/metrics', (c) => c.body(metrics.text(), 200, { 'Content-Type': 'text/plain; version=0.0.4' }));

  app.get('/v1/adapters', (c) => c.json({ adapters: models.facts }));
  app.post('/v1/adapters', async (c) => {
    folder.assertAllowed();
    const { path, name } = await bodyOf(c, loadSchema, limits);
    const found = folder.find(path);
    const own = name ?? found.name;
    if (!isAdapterName(own)) {
      throw new HttpError(400, 'bad_name', 'The name of this folder cannot be that of an adapter; give a name too.');
    }
    const facts = await models.load(own, found.folder, limits.maxAdapters);
    c.get('told').adapter = facts.name;
    return c.json(facts, 201);
  });
  app.delete('/v1/adapters/:name', async (c) => {
    folder.assertAllowed();
    const name = c.req.param('name');
    c.get('told').adapter = name;
    await models.unload(name);
    return c.body(null, 204);
  });

  for (const name of Object.keys(verbs) as VerbName[]) {
    const schema = questionSchema(name, limits) as v.GenericSchema<unknown, Question>;
    app.post(`/v1/${name}`, async (c) => {
      const question = await bodyOf(c, schema, limits);
      const { inputs } = question;
      const facts = models.find(question.adapter, name);
      Object.assign(c.get('told'), { adapter: facts.name, inputs: inputs.length });
      const results = await inTime(c, limits, (signal) => models.ask(facts, name, question, signal));
      metrics.inputs.add({ task: verbs[name].task }, inputs.length);
      return c.json({ adapter: facts.name, results });
    });
  }
}

/** The body of a question, checked. */
export interface Question {
  readonly adapter?: string;
  readonly inputs: readonly unknown[];
  readonly [option: string]: unknown;
}

/** Reads a body as JSON of a schema. @throws HttpError for anything else */
async function bodyOf<Value>(
  c: Context<AppEnv>,
  schema: v.GenericSchema<unknown, Value>,
  { maxBody }: Limits,
): Promise<Value> {
  // A page of another site can send a form without being asked, but no JSON.
  if (!/^application\/json\b/i.test(c.req.header('content-type') ?? '')) {
    throw new HttpError(415, 'no_json', 'Send JSON, with Content-Type: application/json.');
  }
  const text = await limitedText(c, maxBody);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new HttpError(400, 'bad_json', 'The body is no JSON.');
  }
  try {
    return parseWith(schema, value, 'body');
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const isLong = /must be at most \d+ (inputs|characters)/.test(error.message);
    throw new HttpError(isLong ? 413 : 400, isLong ? 'too_long' : 'bad_request', error.message);
  }
}

/** The body as a text. @throws HttpError for one of more bytes */
async function limitedText(c: Context<AppEnv>, most: number): Promise<string> {
  const tooLong = () =>
    new HttpError(413, 'too_long', `The body has more than ${most} bytes.`, { Connection: 'close' });
  if (Number(c.req.header('content-length') ?? 0) > most) throw tooLong();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (c.req.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > most) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Asks with a signal that aborts when the client has gone or the time is over. @throws HttpError where it is over */
async function inTime<T>(c: Context<AppEnv>, limits: Limits, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const time = AbortSignal.timeout(timeLimitMs(limits));
  try {
    return await ask(AbortSignal.any([c.req.raw.signal, time]));
  } catch (error) {
    // The reason of this signal may be no Error, which Hono does not handle.
    if (c.req.raw.signal.aborted) throw clientGone();
    if (time.aborted) throw new HttpError(504, 'timeout', `There was no answer within ${limits.timeLimit} seconds.`);
    throw error;
  }
}

/**
 * The answer for an error: what the client can do something about is told, anything else is for the log alone. Of what is told the log has
 * the code: the message may quote the body.
 */
function problemOf(c: Context<AppEnv>, error: unknown): Response {
  const known = c.req.raw.signal.aborted ? clientGone() : httpErrorOf(error);
  const { status, code, message, headers } =
    known ?? new HttpError(500, 'internal', 'The server failed at this; its log says how.');
  const told = c.get('told');
  if (told) told.problem = known ? code : error instanceof Error ? error.stack : String(error);
  return c.json({ error: { code, message } }, { status: status as 400, headers });
}

function httpErrorOf(error: unknown): HttpError | null {
  if (error instanceof HttpError) return error;
  if (error instanceof QueueFullError) return queueFull();
  if (error instanceof InputError) return new HttpError(400, 'bad_request', error.message);
  return null;
}

const ROUTES = new Set([...OPEN, '/metrics', '/v1/adapters', ...Object.keys(verbs).map((name) => `/v1/${name}`)]);

/** Whether a path is one of a route such as `/v1/adapters/:name`. */
const isOfRoute = (route: string, path: string): boolean =>
  route.split('/').length === path.split('/').length &&
  route.split('/').every((part, i) => part.startsWith(':') || part === path.split('/')[i]);

/** The labels of a request in the metrics: few, whatever is asked for. */
function routeOf(method: string, path: string): { readonly method: string; readonly route: string } {
  if (ROUTES.has(path)) return { method, route: path };
  return { method, route: path.startsWith('/v1/adapters/') ? '/v1/adapters/{name}' : 'other' };
}

/** Counts and logs a request. */
async function logged(c: Context<AppEnv>, { metrics, log }: AppParts, next: () => Promise<void>): Promise<void> {
  const start = performance.now();
  const told: Told = {};
  c.set('told', told);
  await next();
  const seconds = (performance.now() - start) / 1000;
  const labels = routeOf(c.req.method, c.req.path);
  metrics.requests.add({ ...labels, status: c.res.status });
  metrics.seconds.observe(seconds, labels);
  log.request({ method: c.req.method, path: c.req.path, status: c.res.status, seconds, ...told });
}
