/** One input, or a list of them. */
export type Inputs<Input> = Input | readonly Input[];

/** Returns a list. */
export const inputsOf = <Input>(given: Inputs<Input>): readonly Input[] =>
  Array.isArray(given) ? given : [given as Input];
