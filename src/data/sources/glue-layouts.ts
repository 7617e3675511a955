/** The tasks of GLUE (Wang et al. 2019) as the hub names them; `ax` is the diagnostics. */
export type GlueTaskName = 'cola' | 'sst2' | 'mrpc' | 'stsb' | 'qqp' | 'mnli' | 'qnli' | 'rte' | 'wnli' | 'ax';

/** One of the official TAB-separated files. */
export interface GlueFile {
  readonly name: string;
  /** All of them, in order. */
  readonly columns: readonly string[];
  /** The part of the split that is scored by itself. */
  readonly group?: string;
}

/** The layout of a task of GLUE in its official files. */
export interface GlueLayout {
  /** The names that its folder may have. Default: the title of the task */
  readonly folders?: readonly string[];
  /** Empty: it has none. */
  readonly train: readonly GlueFile[];
  readonly evaluation: readonly GlueFile[];
  /** Whether the first line holds the column names. */
  readonly header: boolean;
  /** The column that the hub calls otherwise, by its name on the hub. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** Whether some of its rows were broken in two by a line break, which every reader of GLUE leaves out, and some sentences are empty. */
  readonly hasBrokenRows?: true;
  /** Whether the file may be named instead of its folder. */
  readonly isOneFile?: true;
  /** The file beside it that has no labels. */
  readonly unlabelled?: string;
}

/** `train.tsv` and `dev.tsv` with the same columns. */
const trainAndDev = (...columns: readonly string[]): Pick<GlueLayout, 'train' | 'evaluation'> => ({
  train: [{ name: 'train.tsv', columns }],
  evaluation: [{ name: 'dev.tsv', columns }],
});

const mnliColumns = [
  ...['index', 'promptID', 'pairID', 'genre', 'sentence1_binary_parse', 'sentence2_binary_parse'],
  ...['sentence1_parse', 'sentence2_parse', 'sentence1', 'sentence2', 'label1'],
];
const mnliDev = (group: string): GlueFile => ({
  name: `dev_${group}.tsv`,
  columns: [...mnliColumns, 'label2', 'label3', 'label4', 'label5', 'gold_label'],
  group,
});

export const glueLayouts: Readonly<Record<GlueTaskName, GlueLayout>> = {
  cola: { ...trainAndDev('source', 'label', 'annotation', 'sentence'), header: false },
  sst2: { ...trainAndDev('sentence', 'label'), header: true },
  mrpc: {
    ...trainAndDev('Quality', '#1 ID', '#2 ID', '#1 String', '#2 String'),
    header: true,
    renamed: { label: 'Quality', sentence1: '#1 String', sentence2: '#2 String' },
  },
  stsb: {
    ...trainAndDev(
      ...['index', 'genre', 'filename', 'year', 'old_index', 'source1', 'source2'],
      ...['sentence1', 'sentence2', 'score'],
    ),
    header: true,
    renamed: { label: 'score' },
  },
  qqp: {
    ...trainAndDev('id', 'qid1', 'qid2', 'question1', 'question2', 'is_duplicate'),
    header: true,
    renamed: { label: 'is_duplicate' },
    hasBrokenRows: true,
  },
  mnli: {
    train: [{ name: 'train.tsv', columns: [...mnliColumns, 'gold_label'] }],
    evaluation: [mnliDev('matched'), mnliDev('mismatched')],
    header: true,
    renamed: { label: 'gold_label', premise: 'sentence1', hypothesis: 'sentence2' },
  },
  qnli: { ...trainAndDev('index', 'question', 'sentence', 'label'), header: true },
  rte: { ...trainAndDev('index', 'sentence1', 'sentence2', 'label'), header: true },
  wnli: { ...trainAndDev('index', 'sentence1', 'sentence2', 'label'), header: true },
  ax: {
    folders: ['diagnostic', 'diagnostics', 'AX', 'MNLI'],
    train: [],
    evaluation: [
      {
        name: 'diagnostic-full.tsv',
        columns: [
          ...['Lexical Semantics', 'Predicate-Argument Structure', 'Logic', 'Knowledge', 'Domain'],
          ...['Premise', 'Hypothesis', 'Label'],
        ],
      },
    ],
    header: true,
    renamed: { label: 'Label', premise: 'Premise', hypothesis: 'Hypothesis' },
    isOneFile: true,
    unlabelled: 'diagnostic.tsv',
  },
};

export const glueTasks = Object.keys(glueLayouts) as GlueTaskName[];
export const isGlueTask = (name: string | undefined): name is GlueTaskName =>
  name !== undefined && Object.hasOwn(glueLayouts, name);
