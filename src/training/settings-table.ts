import { adapterSettings, completeAdapter } from '../adapters/index.ts';
import {
  columnSettings,
  heldOutSettings,
  knownDatasets,
  sourceSettings,
  tableSettings,
  wordnetSettings,
} from '../data/index.ts';
import { methodSettings, pruningSettings } from '../pruning/index.ts';
import {
  chosenBy,
  factsOf,
  type GivenOf,
  type Option,
  oneOf,
  option,
  type Schema,
  type SettingsOf,
  storedTable,
  strictFields,
  type TableOf,
  tableOf,
} from '../settings/index.ts';
import { backboneSettings } from './backbone-dtype.ts';
import { evaluationSettings } from './evaluation-settings.ts';
import { fuseSettings } from './fuse-settings.ts';
import { lossSettings } from './loss-settings.ts';
import { courseSettings, modelSettings, outputSettings, runSettings } from './run-settings.ts';
import { featureExtractionSettings } from './tasks/feature-extraction.ts';
import { learnableTasks, ownTaskSettings } from './tasks/index.ts';
import { multipleChoiceSettings } from './tasks/multiple-choice.ts';
import { questionAnsweringSettings } from './tasks/question-answering.ts';
import { classificationSettings, headSettings, multilabelSettings } from './tasks/text-classification.ts';
import { decodingSettings, textGenerationSettings } from './tasks/text2text-generation.ts';
import { trainerSettings } from './training-settings.ts';

const taskSettings = () => ({
  task: option(oneOf([...learnableTasks(), ...Object.keys(knownDatasets)]), {
    description: 'what is learnt, or a dataset that tells it',
    placeholder: '<name>',
    default: 'text-classification',
    defaultText: 'told by the columns: texts with a target, or with a label',
  }),
});

/** All settings of a run as the families, methods and tasks there are declare them, in the order of the help. */
export function settingGroups() {
  const { model, maxLength, vocabularySize, ignoreMismatchedSizes } = modelSettings;
  return [
    {
      title: 'Model and data',
      settings: {
        model,
        ...taskSettings(),
        ...sourceSettings,
        ...wordnetSettings,
        ...columnSettings,
        ...tableSettings,
        ...multipleChoiceSettings,
        ...heldOutSettings,
        ...featureExtractionSettings,
        ...{ maxLength, vocabularySize },
        ...multilabelSettings,
        ...questionAnsweringSettings,
        ...textGenerationSettings,
        // Their types are not known here.
        ...(ownTaskSettings() as Record<never, never>),
      },
    },
    { title: 'Generation', settings: decodingSettings },
    {
      title: 'Adapter',
      settings: { ...adapterSettings(), ...fuseSettings, ...classificationSettings, ignoreMismatchedSizes },
    },
    { title: 'Pruning', settings: { ...pruningSettings(), ...methodSettings() } },
    {
      title: 'Training',
      settings: { ...trainerSettings, ...lossSettings, ...evaluationSettings, ...courseSettings, ...headSettings },
    },
    { title: 'Run', settings: { ...outputSettings, ...runSettings, ...backboneSettings } },
  ] as const;
}

/** The table of all settings of a run. */
export const settingTable = () => tableOf(settingGroups());

type Table = TableOf<ReturnType<typeof settingGroups>>;

/** Settings as they are given; all may be left out. */
export type GivenSettings = GivenOf<Table>;

type Unstored = keyof typeof outputSettings | 'fuse';

/** Everything that determines a run, each where it has an effect; plain JSON, stored with its results. */
export type RunSettings = Omit<SettingsOf<Table>, Unstored>;

/** Complete settings, with those that a run does not store. */
export type CompleteSettings = SettingsOf<Table>;

/** The schema of settings that a run stores. */
export const storedSettings = chosenBy(() =>
  strictFields(storedTable(settingTable())),
) as unknown as Schema<RunSettings>;

/** The same with all options of the adapter, as the files of a run have them. */
export const completeStored = chosenBy(() =>
  strictFields({ ...storedTable(settingTable()), adapter: completeAdapter }),
) as unknown as Schema<RunSettings>;

/** The default of a setting. */
export const defaultOf = <Key extends keyof Table & keyof CompleteSettings>(
  key: Key,
): NonNullable<CompleteSettings[Key]> =>
  factsOf(settingTable()[key] as Option<unknown>).default as NonNullable<CompleteSettings[Key]>;

/** An adapter of a finished run that the adapter of another one mixes. */
export type FusedAdapter = NonNullable<RunSettings['fused']>[number];
