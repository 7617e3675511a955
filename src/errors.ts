/**
 * Bad input by the user: a file, a name, a column or a value that cannot be used.
 *
 * The message is one line that names the thing and the remedy. Commands print it without a stack and exit with 1.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
}
