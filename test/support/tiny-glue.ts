import { knownDatasets } from '../../src/data/index.ts';
import { glueLayouts, glueTasks } from '../../src/data/sources/glue-layouts.ts';
import { Random } from '../../src/index.ts';
import { temporaryFolder } from '../io/temporary.ts';

const good = ['good', 'great', 'fine', 'nice'];
const bad = ['bad', 'poor', 'dull', 'weak'];
const things = ['film', 'book', 'play', 'story'];

/** Tasks whose files name the classes; the others number them. */
const namesClasses: readonly string[] = ['mnli', 'qnli', 'rte', 'ax'];

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
    const layout = glueLayouts[task];
    const { folders: [folder] = [title], header, renamed = {} } = layout;
    const split = (count: number) => (file: (typeof layout.evaluation)[number]) => {
      const rows = Array.from({ length: count }, (_, i) => {
        const isGood = i % 2 === 0;
        const sentence = () => `the ${pick(things)} is ${pick(isGood ? good : bad)}`;
        // A score from 0 to 5 where there are no classes.
        const label = classes
          ? (namesClasses.includes(task) ? classes : ['0', '1'])[isGood ? 0 : 1]
          : String((isGood ? 3 : 0) + (i % 3));
        return file.columns.map((column) => {
          if (column === (renamed.label ?? 'label')) return label;
          return /^(sentence|question)[12]?$|String$|^Premise|^Hypothesis/.test(column) ? sentence() : String(i);
        });
      });
      const lines = header ? [file.columns, ...rows] : rows;
      return [`${folder}/${file.name}`, lines.map((cells) => `${cells.join('\t')}\n`).join('')] as const;
    };
    return [...layout.train.map(split(train)), ...layout.evaluation.map(split(dev))];
  });
  return temporaryFolder({ ...Object.fromEntries(files), ...more });
}
