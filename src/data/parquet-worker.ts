/** Reads Parquet files in a thread of its own, so that one that makes the reader run for ever can be given up. */
import { parentPort } from 'node:worker_threads';
import { InputError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { fileSource } from '../io/file-source.ts';
import { type OpenParquet, openParquet } from './parquet-core.ts';
import type { ParquetReply, ParquetRequest } from './parquet-messages.ts';

let source: ByteSource | null = null;
let parts: OpenParquet['parts'] | null = null;

function close(): void {
  source?.close();
  [source, parts] = [null, null];
}

async function answer(request: ParquetRequest): Promise<ParquetReply> {
  if (request.ask === 'open') {
    close(); // one that was not read to its end
    source = fileSource(request.path);
    const opened = await openParquet(source, request.columns);
    parts = opened.parts;
    return { classes: opened.classes, names: opened.names };
  }
  const next = await parts?.next();
  if (next && !next.done) return { part: next.value };
  close();
  return { part: null };
}

parentPort?.on('message', async (request: ParquetRequest) => {
  let reply: ParquetReply;
  try {
    reply = await answer(request);
  } catch (error) {
    close();
    reply = { error: error instanceof Error ? error.message : String(error), isInput: error instanceof InputError };
  }
  parentPort?.postMessage(reply);
});
