/**
 * Gives adapters to PEFT, transformers and AdapterHub's library and takes theirs: real Python in two environments with pinned
 * packages, tiny random models, no network. `npm run test:peers -- --write` writes what was measured into exchange.json and
 * docs/files.md.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { adapterFamilies } from '../../../src/adapters/index.ts';
import { InputError } from '../../../src/errors.ts';
import { temporaryFolder } from '../../io/temporary.ts';
import { type PeerCase, peerCases } from './cases.ts';
import { largestDifference, TOLERANCE } from './compare.ts';
import { destinations } from './destinations.ts';
import { buildEnvironments, type EnvironmentName } from './environments.ts';
import { type Exchange, type Measured, outcomesOf, readExchange, writeExchange } from './exchange.ts';
import { masksOf, type PeerRun, reopened, runOf } from './export.ts';
import { factJobs, testFacts } from './facts.ts';
import { type Answer, answersOf, type Job } from './script.ts';
import { type Sent, sent } from './sent.ts';
import { setupJobs, testSetups } from './setups.ts';
import { testSnippets } from './snippets.ts';
import { studyJob, testStudies } from './studies.ts';
import { inputsFor, optionsOf, outputsOf, tasks } from './tasks.ts';
import { environmentOf, inputsOf, type TheirCase, theirCases, titleOf } from './theirs.ts';

const started = performance.now();
const say = (line: string) => console.log(`${line}: ${((performance.now() - started) / 1000).toFixed(0)} s`);

const environments = await buildEnvironments();
say('environments of Python');

/** Cases of families that a backbone does not take. */
const unmade: (PeerCase & { readonly reason: string })[] = [];
const runs: PeerRun[] = [];
for (const given of peerCases()) {
  try {
    runs.push(await runOf(given));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    unmade.push({ ...given, reason: error.message });
  }
}
const ours: Sent[] = [];
for (const destination of destinations) {
  for (const run of runs.filter(destination.takes)) ours.push(await sent(run, destination));
}
say(`${runs.length} runs, ${ours.filter(({ job }) => job).length} folders for Python`);

interface WriteJob extends Job {
  readonly saved: string;
}

const theirs = theirCases.map((given, i): TheirCase & { readonly job: WriteJob } => {
  const { auto } = tasks[given.task];
  const job = {
    id: `their ${i}`,
    script: given.library === 'PEFT' ? 'peft_write' : 'adapters_write',
    model: given.model,
    class: auto,
    options: optionsOf(given),
    config: given.config,
    tokens: given.tokens,
    head: given.head,
    inputs: inputsOf(given),
    saved: join(temporaryFolder(), 'saved'),
  };
  return { ...given, job };
});

const jobsIn = (name: EnvironmentName): Job[] => [
  ...ours.flatMap(({ destination, job }) => (job && destination.environment === name ? job : [])),
  ...theirs.flatMap((given) => (environmentOf(given) === name ? given.job : [])),
  ...factJobs(name),
  ...setupJobs(name),
  ...(name === 'transformers-5' ? [studyJob] : []),
];
const answers = new Map<string, Answer>();
await Promise.all(
  (Object.keys(environments) as EnvironmentName[]).map(async (name) => {
    for (const answer of await answersOf(environments[name], jobsIn(name))) answers.set(`${name} ${answer.id}`, answer);
  }),
);
say('Python');

const answerTo = (environment: EnvironmentName, { id }: Job): Answer => {
  const answer = answers.get(`${environment} ${id}`);
  if (!answer) throw new Error(`Python has not answered ${id}.`);
  return answer;
};

const describe = ({ id, task, backbone, settings }: PeerRun): string =>
  `${id} (${task}, ${backbone}, ${JSON.stringify(settings)})`;

const measured: Exchange = { ours: {}, theirs: {} };
const titles = [...new Set(destinations.map(({ title }) => title))];

const test = suite('peers: ours in Python');

for (const { kind } of adapterFamilies()) {
  for (const title of titles) {
    test(`${kind} in ${title}: the same logits`, () => {
      const own = ours.filter(({ run, destination }) => run.family === kind && destination.title === title);
      assert.ok(own.length > 0);
      const problems: string[] = [];
      const refusals = [...own, ...unmade.filter(({ family }) => family === kind)].flatMap(
        ({ reason }) => reason ?? [],
      );
      let largest: number | null = null;
      for (const { run, destination, job, expected } of own) {
        if (!job || !expected) continue;
        const { outputs, error } = answerTo(destination.environment, job);
        const difference = outputs ? largestDifference(outputs, expected) : Number.POSITIVE_INFINITY;
        if (difference <= TOLERANCE) largest = Math.max(largest ?? 0, difference);
        else problems.push(`${describe(run)} with ${destination.environment}: ${error ?? `differs by ${difference}`}`);
      }
      const result: Measured = { error: largest, reasons: [...new Set(refusals)].sort() };
      measured.ours[kind] = { ...measured.ours[kind], [title]: result };
      assert.ok(problems.length === 0, problems.join('\n'));
    });
  }
}

test.run();

const trips = suite('peers: ours through Python and back');

for (const { run, destination, job } of ours) {
  if (!job?.saved) continue;
  const { saved } = job;
  trips(`${describe(run)} through ${destination.title}: masks and logits stay`, async () => {
    const { model, close } = await reopened(saved, run.model);
    try {
      const outputs = inputsFor(run).map((inputs) => outputsOf(model, inputs));
      const difference = largestDifference(outputs, run.outputs);
      assert.ok(difference <= TOLERANCE, `logits differ by ${difference}`);
      // PEFT has what the network of a prefix makes.
      if (run.family !== 'prefix' || destination.format !== 'peft') assert.deepEqual(masksOf(model), run.masks);
    } finally {
      close();
    }
  });
}

trips.run();

const taken = suite('peers: theirs here');

/** @returns the largest difference, or the line that refuses it */
async function takenHere({ job, model: backbone, ...given }: (typeof theirs)[number]): Promise<Measured> {
  const { outputs, error } = answerTo(environmentOf({ ...given, model: backbone }), job);
  if (!outputs) throw new Error(`Python could not make it: ${error}`);
  let opened: Awaited<ReturnType<typeof reopened>>;
  try {
    opened = await reopened(job.saved, backbone);
  } catch (refusal) {
    if (!(refusal instanceof InputError)) throw refusal;
    // The feature that it names, without the file before it and the remedy after it.
    const [feature] = refusal.message.replace(/^\/\S+: /, '').split(';');
    return { error: null, reasons: [feature] };
  }
  const { model, close } = opened;
  try {
    const got = inputsOf(given).map((inputs) => outputsOf(model, inputs));
    return { error: largestDifference(got, outputs), reasons: [] };
  } finally {
    close();
  }
}

for (const given of theirs) {
  const title = titleOf(given);
  taken(`${given.library}: ${title} for ${given.task} on ${given.backbone}`, async () => {
    const { error, reasons } = await takenHere(given);
    const before = measured.theirs[given.library]?.[title] ?? { error: null, reasons: [] };
    const result = {
      error: error === null ? before.error : Math.max(before.error ?? 0, error),
      reasons: [...new Set([...before.reasons, ...reasons])].sort(),
    };
    measured.theirs[given.library] = { ...measured.theirs[given.library], [title]: result };
    assert.ok(error === null || error <= TOLERANCE, `logits differ by ${error}`);
  });
}

taken.run();

testFacts(answerTo);
testStudies(answerTo('transformers-5', studyJob));
testSetups(answerTo);
testSnippets(environments);

const committed = suite('peers: exchange.json');

committed('it says what goes where', () => {
  if (process.argv.includes('--write')) writeExchange(measured);
  assert.deepEqual(outcomesOf(measured), outcomesOf(readExchange()), 'npm run test:peers -- --write');
});

committed.run();
