import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

/** Headers that make a page cross-origin isolated, so that threads may share memory. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** The sources from which a page may start a worker, by its content security policy; wasm must be allowed, as the tests are built. */
const workersFrom = (sources: string) => ({
  ...isolation,
  'Content-Security-Policy': `worker-src ${sources}; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'`,
});

/** The headers of a page: isolated or not, and isolated with workers from files alone, or with none. */
const headersOf = { isolated: isolation, plain: {}, files: workersFrom("'self'"), none: workersFrom("'none'") };
export type PageKind = keyof typeof headersOf;

/** Serves a folder once for each kind of page, under /isolated/ and so on. */
export async function serve(folder: string): Promise<{ address: string; server: Server }> {
  const server = createServer(async ({ url = '/' }, response) => {
    const [, kind, ...path] = normalize(decodeURI(url.split('?')[0])).split('/');
    try {
      const file = join(folder, ...path);
      const body = await readFile(file);
      const headers: Readonly<Record<string, string>> = headersOf[kind as PageKind];
      response.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream', ...headers });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
