import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

/** What makes a page cross-origin isolated, so that threads may share memory. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Serves a folder twice: under /isolated/ with the headers of isolation, under /plain/ without. */
export async function serve(folder: string): Promise<{ address: string; server: Server }> {
  const server = createServer(async ({ url = '/' }, response) => {
    const [, kind, ...path] = normalize(decodeURI(url.split('?')[0])).split('/');
    try {
      const file = join(folder, ...path);
      const body = await readFile(file);
      const headers = kind === 'isolated' ? isolation : {};
      response.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream', ...headers });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
