import { Command, type Option } from 'commander';
import { convert, describeConvert } from './convert.ts';
import { demo, describeDemo } from './demo.ts';
import { describeDownload, download } from './download.ts';
import { describeEmbed, embed } from './embed.ts';
import { UsageError } from './errors.ts';
import { describeEvaluate, evaluate } from './evaluate.ts';
import { describeGenerate, generate } from './generate.ts';
import { describeInfo, info } from './info.ts';
import { describeInit, init } from './init.ts';
import { describeMerge, merge } from './merge.ts';
import { pluginOption } from './plugins.ts';
import { describePredict, predict } from './predict.ts';
import { describePrune, prune } from './prune.ts';
import { describeReproduce, reproduce } from './reproduce.ts';
import { describeResults, results } from './results.ts';
import { describeServe, serve } from './serve.ts';
import { readNone } from './setting-options.ts';
import { describeStatus, status } from './status.ts';
import { describeSweep, sweep } from './sweep.ts';
import { describeTrain, train } from './train.ts';
import { version } from './versions.ts';
import { describeWorker, worker } from './worker.ts';

interface Entry {
  /** Adds description, arguments and options. */
  readonly describe: (command: Command) => void;
  /** @param argument the first positional one */
  readonly run: (command: Command, argument: string) => Promise<void>;
}

const commands: Readonly<Record<string, Entry>> = {
  train: { describe: describeTrain, run: train },
  evaluate: { describe: describeEvaluate, run: evaluate },
  predict: { describe: describePredict, run: predict },
  generate: { describe: describeGenerate, run: generate },
  embed: { describe: describeEmbed, run: embed },
  prune: { describe: describePrune, run: prune },
  serve: { describe: describeServe, run: serve },
  convert: { describe: describeConvert, run: convert },
  merge: { describe: describeMerge, run: merge },
  info: { describe: describeInfo, run: info },
  init: { describe: describeInit, run: init },
  download: { describe: describeDownload, run: download },
  reproduce: { describe: describeReproduce, run: reproduce },
  sweep: { describe: describeSweep, run: sweep },
  worker: { describe: describeWorker, run: worker },
  status: { describe: describeStatus, run: status },
  results: { describe: describeResults, run: results },
  demo: { describe: describeDemo, run: demo },
};

/** The command line; `parseAsync` of the result throws what the commands throw, and a CommanderError for wrong usage. */
export function buildProgram(): Command {
  const program = new Command('sparse-adapter')
    .description('Fine-tune transformers with sparse adapters.')
    .version(version, '-v, --version')
    .configureHelp({ optionDescription })
    .exitOverride();
  for (const [name, { describe, run }] of Object.entries(commands)) {
    const command = program.command(name).showHelpAfterError(`See sparse-adapter ${name} --help.`);
    describe(command);
    command.addOption(pluginOption());
    command.action(async () => {
      try {
        refuseEmpty(command);
        readNone(command);
        await run(command, command.args[0]);
      } catch (error) {
        if (error instanceof UsageError) command.error(`error: ${error.message}`);
        throw error;
      }
    });
  }
  return program.showHelpAfterError('See sparse-adapter --help.');
}

/** An empty text is what a script passes whose variable is not set. @throws UsageError for one */
function refuseEmpty(command: Command): void {
  const empty = command.options.find((option) => command.getOptionValue(option.attributeName()) === '');
  if (empty) throw new UsageError(`option '${empty.flags}' argument '' is invalid. It must not be empty.`);
  if (command.args.includes('')) throw new UsageError('an argument is empty; leave it out, or give it a value.');
}

/** `what it does (one | another; default: one)` */
function optionDescription({ description, argChoices, defaultValue, defaultValueDescription, negate }: Option): string {
  const usual = defaultValueDescription ?? (negate ? undefined : defaultValue);
  const facts = [
    ...(argChoices ? [argChoices.join(' | ')] : []),
    ...(usual === undefined ? [] : [`default: ${usual}`]),
  ];
  return facts.length > 0 ? `${description} (${facts.join('; ')})` : description;
}
