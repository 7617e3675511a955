import { InputError } from '../errors.ts';
import type { AnswerError } from './answerer.ts';

/** An error in a form that can be cloned. */
export function errorFields(error: unknown): AnswerError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { name, message };
}

/** An error that came from another thread. */
export function errorOf({ name, message }: AnswerError): Error {
  if (name === 'InputError') return new InputError(message);
  const error = new Error(message);
  error.name = name;
  return error;
}
