import { checkRowFile, isTable } from '../data/index.ts';
import { isSameFile } from '../io/index.ts';
import { UsageError } from './errors.ts';

export interface OutputFlags {
  readonly input?: string;
  readonly keep?: boolean;
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** @throws UsageError for options that go with others, InputError for a file that no table can be written to */
export async function checkOutput({ keep, output, overwrite, json, input }: OutputFlags): Promise<void> {
  if (output === undefined) {
    if (overwrite) throw new UsageError('--overwrite goes with --output.');
    if (keep && !json) throw new UsageError('--keep goes with --output, or with --json.');
  } else {
    if (json) throw new UsageError('--json prints lines; --output ends in .jsonl for a file of them.');
    if (input !== undefined && isSameFile(input, output))
      throw new UsageError(`--output ${output} is the file of --input; name another one.`);
    await checkRowFile(output, { overwrite });
  }
  if (keep && (input === undefined || !isTable(input)))
    throw new UsageError('--keep keeps columns, which only a .csv, .tsv, .jsonl or .parquet --input has.');
}
