import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { BackendName } from '../backends/index.ts';
import { InputError } from '../errors.ts';
import { isFolder, writeFileAtomic } from '../io/index.ts';
import { evaluateRun, type JudgedPart, judgedParts, readRun, readRunConfig, runPage } from '../training/index.ts';
import { useBackend } from './backend.ts';
import { methodName } from './describe.ts';
import { UsageError } from './errors.ts';
import { useInputs } from './fetch.ts';
import { jsonOption } from './options.ts';
import { formatMetric, note, printJson, printTable, warn } from './output.ts';
import { type Progress, startProgress } from './progress.ts';
import { noteReport, printReport } from './report-tables.ts';
import { shared } from './setting-options.ts';
import { evaluatedSettings } from './settings.ts';

interface Flags {
  readonly model?: string;
  readonly split?: JudgedPart;
  readonly backend?: BackendName;
  readonly report?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

const ofRun = { defaultText: 'that of the run' };

export function describeEvaluate(command: Command): void {
  command
    .description('Evaluate a trained adapter again, on the data of its run or on other data.')
    .argument('<run>', 'folder that train wrote')
    .addOption(shared('model', { description: 'where the backbone is now, if it was moved' }))
    .addOption(
      shared('data', {
        description:
          'other data: a .csv, .tsv, .jsonl, .parquet or .conll file, a folder of GLUE or BEIR, or a SQuAD folder or file',
      }),
    )
    .addOption(
      new Option('--split <part>', 'which rows of the run')
        .choices(judgedParts)
        .default(undefined, 'validation, or test where there is no other'),
    )
    .addOption(shared('delimiter'))
    .addOption(shared('encoding'))
    .addOption(shared('task', { description: 'the dataset of other data, such as ax or squad_v2', ...ofRun }))
    .addOption(shared('text', ofRun))
    .addOption(shared('label', ofRun))
    .addOption(shared('labelSeparator', ofRun))
    .addOption(shared('threshold', ofRun))
    .addOption(shared('target', ofRun))
    .addOption(shared('choices', ofRun))
    .addOption(shared('negative', ofRun))
    .addOption(shared('skipInvalid'))
    .addOption(shared('rougeTokenizer', ofRun))
    .addOption(shared('nullScoreDiffThreshold', ofRun))
    .addOption(shared('backend', ofRun))
    .addOption(new Option('--report <file>', 'write the report as a page, an .html file'))
    .addOption(new Option('--overwrite', 'replace an earlier file in --report'))
    .addOption(jsonOption());
}

export async function evaluate(command: Command, run: string): Promise<void> {
  const { backend, json, report: page = null, overwrite = false, ...flags } = command.opts<Flags>();
  checkPage(page, overwrite);
  const config = readRunConfig(run);
  const settings = evaluatedSettings(command, config.settings);
  const { model } = await useInputs({
    ...(settings ?? config.settings),
    ...(flags.model !== undefined && { model: flags.model }),
  });
  await useBackend(backend ?? config.settings.backend);

  let progress: Progress | undefined;
  let result: Awaited<ReturnType<typeof evaluateRun>>;
  try {
    result = await evaluateRun(run, {
      model,
      settings,
      split: flags.split,
      onWarning: warn,
      onLoaded: (_, examples) => {
        progress = startProgress('evaluating', examples);
      },
      onBatch: (done) => progress?.update(done),
    });
  } finally {
    progress?.stop();
  }

  if (page !== null) writeFileAtomic(page, runPage(result.report, config));
  noteReport(result.report);
  if (json) {
    printJson({ run, ...result });
    return;
  }
  note(`${result.data}: ${result.examples} examples, ${methodName(config.settings)}`);
  const { metrics, test_metrics: ofTest = null } = settings ? { metrics: null } : readRun(run).metrics;
  const stored = result.split === 'test' ? ofTest : metrics;
  printTable(
    Object.entries(result.metrics).map(([name, value]) => [
      name,
      formatMetric(value),
      ...(stored ? [formatMetric(stored[name as keyof typeof stored] ?? null)] : []),
    ]),
    stored ? ['metric', 'now', 'after training'] : ['metric', 'now'],
  );
  printReport(result.report, page);
}

/** Checks the place of the page before the work. @throws InputError for a folder, another ending, and a file that is there already */
function checkPage(page: string | null, overwrite: boolean): void {
  if (page === null) {
    if (overwrite) throw new UsageError('--overwrite is for the page of --report.');
    return;
  }
  if (isFolder(page)) throw new InputError(`${page} is a folder; give --report a file, such as report.html.`);
  if (!/\.html?$/i.test(page)) throw new UsageError(`--report ${page}: its name must end in .html, as it is a page.`);
  if (existsSync(page) && !overwrite) {
    throw new InputError(`${page} is there already; choose another file, or replace it with --overwrite.`);
  }
}
