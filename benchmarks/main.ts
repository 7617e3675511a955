/** The benchmark suite: `npm run bench -- --help`. */
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { note, printTable } from '../src/cli/output.ts';
import { parserOf } from '../src/cli/setting-options.ts';
import { positiveInteger } from '../src/settings/index.ts';
import { describeMachine, versionsOf } from './machine.ts';
import { type PartName, partNames, parts } from './parts.ts';
import { peerNames, peers } from './peers.ts';
import { full, type PeerName, quick } from './plan.ts';
import { type PartResult, writeResults } from './results.ts';
import { type Table, toMarkdown } from './table.ts';
import { targetTable } from './targets.ts';

interface Flags {
  readonly only: readonly PartName[];
  readonly peers: readonly PeerName[];
  readonly threads: number;
  readonly quick?: boolean;
  readonly data?: string;
  readonly json?: string;
  readonly markdown?: boolean;
}

/** An option of names with commas between them; all by default. */
function listOption<Name extends string>(flag: string, description: string, known: readonly Name[]): Option {
  const parse = (text: string): Name[] =>
    text.split(',').map((word) => {
      const name = known.find((candidate) => candidate === word.trim());
      if (name === undefined) throw new InvalidArgumentError(`There are: ${known.join(', ')}.`);
      return name;
    });
  return new Option(flag, `${description}: ${known.join(',')}`).argParser(parse).default(known, 'all');
}

const program = new Command('npm run bench --')
  .description('Measures sparse-adapter in turns with other libraries.')
  .addOption(listOption('--only <parts>', 'parts to measure', partNames))
  .addOption(listOption('--peers <names>', 'what to compare with', peerNames.slice(1)))
  .option('--threads <number>', 'threads of all that can use them', parserOf(positiveInteger), availableParallelism())
  .option('--quick', 'fewer rounds')
  .option('--data <folder>', 'folder with the files of GLUE: part epoch then also runs from the files on')
  .option('--json <file>', 'add the results to a file')
  .option('--markdown', 'print tables in Markdown')
  .showHelpAfterError();

const flags = program.parse().opts<Flags>();
const plan = flags.quick ? quick : full;

const missing = flags.peers.filter((name) => peers[name].command() === null);
for (const name of missing) note(`${peers[name].title} is not installed: ${peers[name].install}`);
const available = new Set(flags.peers.filter((name) => !missing.includes(name)));

const results: { [Name in PartName]?: PartResult } = {};
for (const name of flags.only) {
  const machine = describeMachine();
  const measurements = await parts[name].measure({
    plan,
    peers: available,
    threads: flags.threads,
    data: flags.data ?? null,
    onMeasure: (what) => note(`${parts[name].title}: ${what}`),
  });
  results[name] = { machine, plan: flags.quick ? 'quick' : 'full', measurements };
  if (flags.json) writeResults(flags.json, { [name]: results[name] });
  const { cpu, cores, instructions, node, loadBefore } = machine;
  const processor = [cpu, ...(instructions ?? [])].join(' ');
  print(`\n${parts[name].title}: ${processor}, ${cores} cores, load ${loadBefore.toFixed(1)}, Node.js ${node}`);
  for (const line of versionsOf(measurements)) print(`  ${line}`);
  for (const table of parts[name].tables(measurements)) show(table);
}
show(targetTable(results));

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function show(table: Table): void {
  print('');
  if (flags.markdown) {
    print(toMarkdown(table));
    return;
  }
  print(table.title);
  printTable(table.rows, table.head);
  table.notes.forEach(print);
}
