export { printable } from '../errors.ts';
export { type Disagreement, firstDisagreement } from './agreement.ts';
export { checkInstance, checkOptions, type OptionNames } from './arguments.ts';
export { type BelongingTable, belongingTo } from './belonging.ts';
export {
  belongingOf,
  type Choice,
  type Choices,
  isRecord,
  parseGiven,
  refuseWithoutEffect,
  type Values,
  type Writer,
  withDefaults,
  withEffect,
} from './effect.ts';
export { type Intersection, type SettingGroup, settingsWhere, type TableOf, tableOf } from './group.ts';
export { markdownTable, withTables } from './markdown.ts';
export {
  type Belonging,
  type ConfigOf,
  camelCase,
  completeOptions,
  completeTable,
  factsOf,
  formOf,
  type GivenOf,
  kebabCase,
  type Option,
  type OptionFacts,
  type OptionForm,
  type OptionTable,
  type OptionValue,
  option,
  type Presence,
  partialTable,
  type SettingsOf,
  storedTable,
  valueText,
} from './option.ts';
export { expectationOf, parseWith } from './parse.ts';
export {
  boolean,
  byName,
  chosenBy,
  factor,
  finiteNumber,
  fraction,
  listOf,
  namedValues,
  names,
  nonEmptyText,
  nonNegative,
  oneOf,
  openFields,
  orNone,
  orWord,
  positiveInteger,
  positiveNumber,
  probability,
  type Schema,
  sparsity,
  strictFields,
  text,
  type ValueOf,
  valuesOf,
  wholeNumber,
  wholeNumberIn,
  wholeNumbers,
} from './schemas.ts';
export { shown } from './shown.ts';
export { type TextForm, textForm, valueOfText } from './text-form.ts';
