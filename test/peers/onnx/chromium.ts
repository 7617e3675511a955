import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { chromium } from 'playwright-core';
import { peers } from '../project.ts';
import { ask, type Plan, type Told } from './ask.ts';

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};

/** A page with transformers.js, to which nothing outside of this machine can be reached. */
export interface Page {
  ask(plan: Plan): Promise<Told>;
  /** What it asked of other hosts. */
  readonly outside: readonly string[];
  close(): Promise<void>;
}

/** Opens a page. @param models the folder in which the folders of models are */
export async function openPage(models: string): Promise<Page> {
  const mounts: Readonly<Record<string, string>> = {
    '/transformers/': join(peers, '@huggingface/transformers/dist'),
    '/ort/': join(peers, 'onnxruntime-web/dist'),
    '/models/': models,
  };
  const isolated = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
  const server = createServer(({ url = '/' }, response) => {
    if (url === '/') {
      response.writeHead(200, { ...isolated, 'Content-Type': 'text/html' }).end('<!doctype html>');
      return;
    }
    const mount = Object.keys(mounts).find((prefix) => url.startsWith(prefix));
    const file = mount && join(mounts[mount], url.slice(mount.length));
    if (!file || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404, isolated).end();
      return;
    }
    const type = types[extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { ...isolated, 'Content-Type': type, 'Content-Length': statSync(file).size });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { CHROMIUM = '/usr/bin/chromium' } = process.env;
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'],
  });
  const page = await browser.newPage();
  const outside: string[] = [];
  page.on('request', (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(base)) outside.push(request.url());
  });
  await page.goto(base);
  const program = (plan: Plan) => `(async () => {
    const library = await import('/transformers/transformers.js');
    const { env } = library;
    Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: '/models/' });
    env.backends.onnx.wasm.wasmPaths = '/ort/';
    return (${ask})(library, ${JSON.stringify(plan)});
  })()`;
  return {
    ask: (plan) => page.evaluate<Told>(program(plan)),
    outside,
    close: async () => {
      await browser.close();
      server.close();
    },
  };
}
