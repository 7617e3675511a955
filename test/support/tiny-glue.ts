import { knownDatasets } from '../../src/data/index.ts';
import { glueFiles, glueTasks } from '../../src/data/sources/glue-folder.ts';
import { Random } from '../../src/index.ts';
import { temporaryFolder } from '../io/temporary.ts';

const good = ['good', 'great', 'fine', 'nice'];
const bad = ['bad', 'poor', 'dull', 'weak'];
const things = ['film', 'book', 'play', 'story'];

interface TinyGlue {
  /** Rows. */
  readonly train?: number;
  readonly dev?: number;
  /** Other files of the folder. */
  readonly more?: Readonly<Record<string, string>>;
}

/** Some rows of each GLUE task in the words of the tiny models, in the official layout. */
export function tinyGlue({ train = 12, dev = 8, more = {} }: TinyGlue = {}): string {
  const random = new Random('glue');
  const pick = (words: readonly string[]) => words[random.integer(words.length)];
  const files = glueTasks.flatMap((task) => {
    const { title, classes } = knownDatasets[task];
    const { columns, header, renamed } = glueFiles[task];
    return Object.entries({ train, dev }).map(([split, count]) => {
      const rows = Array.from({ length: count }, (_, i) => {
        const isGood = i % 2 === 0;
        const sentence = () => `the ${pick(things)} is ${pick(isGood ? good : bad)}`;
        // A score from 0 to 5 where there are no classes.
        const label = classes
          ? (task === 'rte' ? classes : ['0', '1'])[isGood ? 0 : 1]
          : String((isGood ? 3 : 0) + (i % 3));
        return columns.map((column) => {
          if (column === (renamed?.label ?? 'label')) return label;
          return /^sentence|String$/.test(column) ? sentence() : String(i);
        });
      });
      const lines = header ? [columns, ...rows] : rows;
      const text = lines.map((cells) => `${cells.join('\t')}\n`).join('');
      return [`${title}/${split}.tsv`, text] as const;
    });
  });
  return temporaryFolder({ ...Object.fromEntries(files), ...more });
}
