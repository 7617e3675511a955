/** Measures @huggingface/tokenizers, which returns no places of tokens. */
import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
import { timed, unsupported } from './job.ts';
import { serve } from './serve.ts';

const packageFile = new URL('../package.json', import.meta.resolve('@huggingface/tokenizers'));
const { version } = JSON.parse(readFileSync(packageFile, 'utf8'));

await serve(async (task) => {
  if (task.kind !== 'tokenize') unsupported(task);
  const tokenizer = new Tokenizer(JSON.parse(readFileSync(task.tokenizer, 'utf8')), {});
  const texts: string[] = JSON.parse(readFileSync(task.texts, 'utf8'));
  return {
    version,
    about: '1 thread',
    job: {
      async run() {
        const { seconds, result } = await timed(() =>
          texts.reduce((count, text) => count + tokenizer.encode(text).ids.length, 0),
        );
        return { seconds, value: result };
      },
    },
  };
});
