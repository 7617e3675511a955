export { parseWith } from './parse.ts';
export {
  finiteNumber,
  fraction,
  listOf,
  namedValues,
  nonEmptyText,
  numberFromZero,
  oneOf,
  openFields,
  positiveInteger,
  positiveNumber,
  probability,
  type Schema,
  strictFields,
  text,
  trueOrFalse,
  wholeNumber,
} from './schemas.ts';
export { printable, shown } from './shown.ts';
