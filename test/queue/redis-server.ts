import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '../io/temporary.ts';

/** A port of this machine that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

/** A certificate of 127.0.0.1 that signs itself, and its key. */
export function certificate(): { readonly certificate: string; readonly key: string } {
  const folder = temporaryFolder();
  const [path, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', path],
    ],
    { stdio: 'ignore' },
  );
  return { certificate: path, key };
}

/** A Redis on loopback whose changes are in an append-only file. It ends with the process. */
export class RedisServer {
  readonly port: number;
  readonly #args: readonly string[];
  #child: ChildProcess | null = null;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
    process.once('exit', () => this.#child?.kill('SIGKILL'));
  }

  static async start(...more: string[]): Promise<RedisServer> {
    const port = await freePort();
    const own = more.includes('--tls-cert-file')
      ? ['--port', '0', '--tls-port', String(port)]
      : ['--port', String(port)];
    const kept = ['--save', '', '--appendonly', 'yes', '--dir', temporaryFolder()];
    const server = new RedisServer(port, [...own, '--bind', '127.0.0.1', ...kept, ...more]);
    await server.run();
    return server;
  }

  get address(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, with what it had written before. */
  async run(): Promise<void> {
    const child = spawn('redis-server', this.#args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.on('error', () => reject(new Error('redis-server cannot be started: apt-get install redis-server')));
      child.on('close', (code) => reject(new Error(`redis-server ended with exit code ${code}`)));
      child.stdout?.setEncoding('utf8').on('data', (text: string) => /Ready to accept/.test(text) && resolve());
    });
  }

  /** Ends it without a word. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child) return;
    const closed = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGKILL');
    await closed;
  }
}
