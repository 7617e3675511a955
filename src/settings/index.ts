export { printable } from '../errors.ts';
export { checkInstance, checkOptions } from './arguments.ts';
export {
  type ConfigOf,
  completeOptions,
  completeTable,
  factsOf,
  formOf,
  kebabCase,
  type Option,
  type OptionFacts,
  type OptionForm,
  type OptionTable,
  type OptionValue,
  option,
  partialTable,
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
