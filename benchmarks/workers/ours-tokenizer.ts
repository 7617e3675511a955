import { readFileSync } from 'node:fs';
import { Tokenizer } from '../../src/text/index.ts';
import type { Task } from '../tasks.ts';
import { type Job, timed } from './job.ts';

/** Tokens of all texts. */
export function tokenize({ tokenizer, texts }: Extract<Task, { kind: 'tokenize' }>): Job {
  const ours = new Tokenizer(JSON.parse(readFileSync(tokenizer, 'utf8')));
  const list: string[] = JSON.parse(readFileSync(texts, 'utf8'));
  return {
    async run() {
      const { seconds, result } = await timed(() =>
        list.reduce((count, text) => count + ours.encode(text).ids.length, 0),
      );
      return { seconds, value: result };
    },
  };
}
