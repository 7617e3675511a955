import assert from 'node:assert/strict';
import * as v from 'valibot';
import { errorSchema } from '../../src/serve/http/api.ts';
import { type NamedModel, type ServeOptions, type Server, serve } from '../../src/serve/index.ts';

/** What a server answered. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** A server on a free port of the loopback address, and its log. */
export class Served {
  readonly server: Server;
  readonly lines: readonly string[];

  private constructor(server: Server, lines: readonly string[]) {
    this.server = server;
    this.lines = lines;
  }

  static async start(models: readonly NamedModel[], options: ServeOptions = {}): Promise<Served> {
    const lines: string[] = [];
    return new Served(await serve(models, { port: 0, onLog: (line) => lines.push(line), ...options }), lines);
  }

  get events(): readonly Readonly<Record<string, unknown>>[] {
    return this.lines.map((line) => JSON.parse(line));
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Reply> {
    const response = await fetch(`${this.server.url}${path}`, init);
    const text = await response.text();
    const isJson = /^application\/json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  post(path: string, body: unknown, init: RequestInit = {}): Promise<Reply> {
    const headers = { 'Content-Type': 'application/json', ...init.headers };
    return this.fetch(path, { method: 'POST', body: JSON.stringify(body), ...init, headers });
  }
}

/** The code of an answer that is an error of this status, in the form that there is for them. */
export function errorCode({ status, body }: Reply, expected: number): string {
  assert.equal(status, expected, JSON.stringify(body));
  const { error } = v.parse(errorSchema, body);
  assert.ok(!error.message.includes('\n') && error.message.length > 5);
  return error.code;
}
