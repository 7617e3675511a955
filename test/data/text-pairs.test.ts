import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { knownDatasets, readTextPairs, xsumFile } from '../../src/data/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';

const test = suite('data: pairs of texts');

const { columns: xsumColumns } = knownDatasets.xsum;

const line = (document: string, summary: string) => `${JSON.stringify({ id: 1, document, summary })}\n`;
const folder = temporaryFolder({
  'xsum-train.jsonl': line('A long story.\nIt goes on.', 'A story.') + line('More.', 'Less.'),
  'xsum-test.jsonl': line('Other.', ''),
  'README.md': 'train and test',
});

test('the columns of a table, with line breaks inside of texts', async () => {
  const { examples, labels, metrics } = await readTextPairs(xsumFile(folder, 'train'), { known: knownDatasets.xsum }, [
    'rouge2',
  ]);
  assert.deepEqual(examples, [
    { text: 'A long story.\nIt goes on.', target: 'A story.' },
    { text: 'More.', target: 'Less.' },
  ]);
  assert.deepEqual([labels, metrics], [null, ['rouge2']]);
});

test('an empty text and an unknown column are named', async () => {
  await assertRejectsInput(
    () => readTextPairs(xsumFile(folder, 'test'), xsumColumns),
    /line 1: no value for 'summary'/,
  );
  const columns = { text: 'document', target: 'headline' };
  await assertRejectsInput(() => readTextPairs(join(folder, 'xsum-train.jsonl'), columns), /no column 'headline'/);
});

test('a split without a table, or with several, is named', () => {
  assertInputError(() => xsumFile(temporaryFolder(), 'train'), /no table with 'train' in the name/);
  const two = temporaryFolder({ 'test-1.csv': '', 'test-2.csv': '' });
  assertInputError(() => xsumFile(two, 'test'), /several tables \(test-1.csv, test-2.csv\)/);
});

test.run();
