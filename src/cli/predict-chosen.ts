import type { Command } from 'commander';
import { type ChoiceRow, isTable, streamChoices } from '../data/index.ts';
import { type ChoicePrediction, encodeChoices, multipleChoice, predictChoices } from '../training/index.ts';
import { checkTableOptions, jsonRowsOf, tableOf } from './input.ts';
import { warn } from './output.ts';
import { checkOutput, givePredictions, keptColumns, type OutputFlags } from './predict-output.ts';
import { type QuestionFlags, refuseQuestion } from './predict-question.ts';
import { type ModelFlags, modelOfRun } from './used-model.ts';

interface Flags extends OutputFlags, ModelFlags, QuestionFlags {
  readonly text?: readonly string[];
  readonly choices?: readonly string[];
  readonly skipInvalid?: boolean;
}

interface Chosen extends ChoiceRow {
  readonly prediction: ChoicePrediction;
}

/** Gives the choice that a run makes for each row. @throws UsageError for options that do not fit */
export async function predictChosen(command: Command, run: string): Promise<void> {
  const flags = command.opts<Flags>();
  refuseQuestion(flags, 'chooses among answers');
  checkTableOptions(flags);
  await checkOutput(flags);
  const { model, tokenizer, settings } = await modelOfRun(run, multipleChoice, flags);
  const { text = settings.text, choices = settings.choices } = flags;
  const keep = flags.keep ? await keptColumns(flags, [], [text ?? [], choices ?? []].flat()) : [];
  const predicted = async function* (): AsyncGenerator<Chosen[]> {
    for await (const rows of rowsOf(flags, { text, choices, keep })) {
      const items = encodeChoices(
        rows.map(({ example }) => example),
        tokenizer,
        settings.maxLength,
      );
      const predictions = await predictChoices(model, items);
      yield rows.map((row, i) => ({ ...row, prediction: predictions[i] }));
    }
  };
  await givePredictions(flags, keep, predicted(), {
    columns: [...(flags.keep ? [] : ['text', 'choices']), 'prediction', 'choice', 'probability'],
    values: ({ example, prediction: { value, probabilities } }) => ({
      ...(!flags.keep && { text: example.text, choices: example.choices }),
      ...{ prediction: example.choices[value], choice: value, probability: probabilities[value] },
    }),
    json: ({ example: { text: asked, choices: all }, prediction: { value, logits, probabilities } }) => ({
      ...{ choice: value, answer: all[value], probabilities, logits, text: asked, choices: all },
    }),
    lines: ({ example, prediction: { value, probabilities } }) => [
      [example.choices[value], String(value), probabilities[value].toFixed(4), example.text],
    ],
  });
}

/** The rows of a table, or JSON lines with `text` and `choices`. */
function rowsOf(
  { input, skipInvalid, delimiter, encoding }: Flags,
  columns: Pick<Flags, 'text' | 'choices'> & { readonly keep: readonly string[] },
): AsyncIterable<ChoiceRow[]> {
  const isOfTable = input !== undefined && isTable(input);
  const rows = isOfTable ? tableOf(input, { delimiter, encoding }) : jsonRowsOf(input);
  return streamChoices(rows, { ...columns, skipInvalid, onWarning: warn });
}
