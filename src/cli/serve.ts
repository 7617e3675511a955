import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { environmentVariable } from '../environment.ts';
import { InputError } from '../errors.ts';
import { isLoopback, type NamedModel, serve as serveModels, serverSettings } from '../serve/index.ts';
import type { SettingsOf } from '../settings/index.ts';
import { UsageError } from './errors.ts';
import { interruptSignal } from './interrupt.ts';
import { jsonOption } from './options.ts';
import { printJsonLine, printResult, warn } from './output.ts';
import { addSettings } from './setting-options.ts';
import { version } from './versions.ts';

const TOKEN = 'SPARSE_ADAPTER_TOKEN';

interface Flags extends SettingsOf<typeof serverSettings> {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

export function describeServe(command: Command): void {
  command
    .description('Answer over HTTP with trained adapters, those of one backbone together.')
    .argument(
      '[runs...]',
      'folders that train wrote, or adapters of PEFT or AdapterHub; name=folder gives another name',
    );
  addSettings(command, [{ title: 'Server', settings: serverSettings }])
    .addOption(
      new Option(
        '--token <token>',
        `what requests must have; visible to who lists processes, unlike ${TOKEN} and --token-file`,
      ),
    )
    .addOption(new Option('--token-file <file>', 'file with the token').conflicts('token'))
    .addOption(jsonOption('print the address and the adapters as one line of JSON'))
    .addHelpText(
      'after',
      `
Prints its address once it answers. /openapi.json describes the interface, / is a page to try it.
SIGTERM and Ctrl-C end it once it has answered what it was asked; a second one ends it at once.

Examples:
  $ sparse-adapter serve runs/mail runs/names=runs/ner --port 8080
  $ curl localhost:8080/v1/classify -H 'Content-Type: application/json' -d '{"adapter": "mail", "inputs": ["a text"]}'
  $ ${TOKEN}=... sparse-adapter serve runs/mail --host 0.0.0.0`,
    );
}

export async function serve(command: Command): Promise<void> {
  const { token: given, tokenFile, json, ...settings } = command.opts<Flags>();
  const token = given ?? (tokenFile === undefined ? tokenOfEnvironment() : tokenIn(tokenFile));
  const models = namedModels(command.args);
  if (models.length === 0 && settings.adapters === undefined) {
    throw new UsageError('name the folder of a run, or with --adapters a folder of them.');
  }
  const { host } = settings;
  if (!isLoopback(host) && token === undefined) {
    warn(`whoever reaches ${host} can ask; give a token (${TOKEN}).`);
  }
  const stop = interruptSignal(() => {});
  const server = await serveModels(models, { ...settings, ...(token !== undefined && { token }), version });
  if (json) printJsonLine({ url: server.url, adapters: server.adapters });
  else printResult(`${server.url}\n`);
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
  await server.close();
}

/** @throws UsageError for two of one name */
function namedModels(args: readonly string[]): NamedModel[] {
  const models = args.map((argument) => {
    const [, name, path] = /^([\w.-]+)=(.+)$/s.exec(argument) ?? [];
    return name === undefined ? { name: basename(resolve(argument)), path: argument } : { name, path };
  });
  for (const [i, { name }] of models.entries()) {
    if (models.findIndex((other) => other.name === name) < i) {
      throw new UsageError(`two adapters would be called '${name}'; give one of them another name: name=folder.`);
    }
  }
  return models;
}

/** @throws InputError if it is empty, as where a deployment lacks the secret: nobody asked for a server without a token */
function tokenOfEnvironment(): string | undefined {
  const token = environmentVariable(TOKEN);
  if (token?.trim() === '') throw new InputError(`${TOKEN} is empty; put the token into it, or unset it.`);
  return token;
}

/** @throws InputError if there is no such file, or nothing in it */
function tokenIn(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new InputError(`Cannot read the token in ${file}: ${error instanceof Error ? error.message : error}`);
  }
  if (text.trim() === '') throw new InputError(`${file} is empty; put the token into it.`);
  return text.trim();
}
