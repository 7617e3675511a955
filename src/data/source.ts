import type { Random } from '../random/index.ts';
import type { BadRows } from './bad-rows.ts';
import type { RetrievalSet } from './retrieval-set.ts';

/** The parts of a dataset: rows to train on, and rows to evaluate on. */
export type Split = 'train' | 'evaluation';

/** A column that a reader asks for. */
export interface Column {
  readonly name: string;
  /** Whether it may be missing; its cells are then undefined. Default false: that is an error. */
  readonly optional?: boolean;
  /** Whether its cells may be empty texts. Default: where it may be missing. */
  readonly mayBeEmpty?: boolean;
}

/** One row of a source. */
export interface Row {
  /** The line of a text, which for a CSV record of several lines is the last; else the row. Both count from 1. */
  readonly number: number;
  /** The values, in the order of the columns asked for. */
  readonly cells: readonly unknown[];
  /** The error of the row as a whole; then there are no cells. */
  readonly problem?: string;
  /** For messages, where a row has a name of its own; default: its line or row. */
  readonly name?: string;
}

/** Some rows, as they arrive. */
export interface Part {
  /** For messages: the file, or the setting that the rows came with. */
  readonly file: string;
  /** The unit that `number` counts: `line` in texts, else `row`. */
  readonly unit: 'line' | 'row';
  readonly rows: readonly Row[];
  /** The names of the classes of each column, where the source has them; cells are then their numbers. */
  readonly classes?: readonly (readonly string[] | null)[];
  /** What was assumed to read them, one line each. */
  readonly notes?: readonly string[];
  /** The part of the split that is scored by itself. */
  readonly group?: string;
}

/** The rows of one split, read anew each time. */
export interface Rows {
  /** Of the data, for messages and results. */
  readonly name: string;
  /** For messages about all rows: the first file, or the setting that the rows came with. Default: the name. */
  readonly place?: string;
  readonly split?: Split;
  /**
   * Reads the rows a part at a time, so that data of any size can be worked through.
   *
   * @throws InputError while iterating, naming the file: unreadable, no rows, a column that is not there or is there twice
   */
  parts(columns: readonly Column[]): AsyncIterable<Part>;
  /**
   * Reads the retrieval set that the rows are judgements of, where they are.
   *
   * @param bad takes what cannot be used
   * @throws InputError naming the file
   */
  retrieval?(bad: BadRows): Promise<RetrievalSet>;
}

/** Where rows come from: files, a dataset of the hub, the memory of a program, or whatever gives rows. */
export interface Source {
  /** @returns null if there is no such split */
  open(split: Split): Rows | null;
}

/** Rows in memory: objects with a field for each column. An iterable must give them again each time. */
export type MemoryRows = readonly object[] | Iterable<object> | AsyncIterable<object>;

/** Data as they may be given: a file or a folder, several files, rows in memory, or a custom source. */
export type Data = string | readonly string[] | MemoryRows | Source;

/** The settings that name where rows come from. */
export interface SourceSettings {
  readonly data?: Data;
  /** Rows to evaluate on, where `data` has none or others are wanted. */
  readonly evalData?: Data;
  /** A dataset of the hub: `org/name`, `org/name@revision`. */
  readonly dataset?: string;
  /** The part of one that has several; left out: the only one, or `default`. */
  readonly subset?: string;
  /** The task that is learnt, or the name of a well-known dataset. */
  readonly task?: string;
  /** The character between the cells of a table. Default: told by its header. */
  readonly delimiter?: string;
  /** The encoding of its text. Default: UTF-8, or UTF-16 with a byte-order mark. */
  readonly encoding?: string;
  /** Of each class, where examples are drawn. */
  readonly trainPerClass?: number;
  readonly evalPerClass?: number;
}

/** One of the places that settings name. */
export interface SourcePlace extends Omit<SourceSettings, 'evalData'> {
  /** Which setting names it, for messages. */
  readonly setting: 'data' | 'evalData';
  /** For sources that draw their examples. */
  readonly random: Random;
}

/** A kind of source: gives the one at a place, or null where the place is of another kind. */
export type SourceKind = (place: SourcePlace) => Source | null;

/** A source of rows without a split of their own, which are there to train on. */
export const unsplit = (rows: Rows): Source => ({ open: (split) => (split === 'train' ? rows : null) });
