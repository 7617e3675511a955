import type * as jsonSchema from '@valibot/to-json-schema';
import type * as v from 'valibot';
import {
  adaptersSchema,
  answerSchema,
  errorSchema,
  factsSchema,
  healthSchema,
  loadSchema,
  questionSchema,
  type VerbName,
  verbs,
} from './api.ts';
import type { Limits } from './limits.ts';

/** What each status says, for those of errors. */
const problems = {
  400: 'The body is not as described.',
  401: 'There is no valid token.',
  403: 'That is not allowed, or the server was asked under a name that is not its own.',
  404: 'There is no such adapter.',
  409: 'The name is taken, or too many adapters are loaded.',
  413: 'The body, a text or the list of inputs is too long.',
  415: 'The body is no JSON.',
  429: 'Too many texts wait; ask again after Retry-After seconds.',
  503: 'The server is stopping.',
  504: 'There was no answer in time.',
} as const;

/** What parts of the description are made of. */
function partsBy({ toJsonSchema }: typeof jsonSchema) {
  const schemaOf = (schema: v.GenericSchema) => {
    const { $schema: _, ...rest } = toJsonSchema(schema, { target: 'draft-2020-12' });
    return rest;
  };
  const content = (schema: v.GenericSchema) => ({ 'application/json': { schema: schemaOf(schema) } });
  const errors = (statuses: readonly (keyof typeof problems)[]) =>
    Object.fromEntries(
      statuses.map((status) => [
        status,
        {
          description: problems[status],
          content: content(errorSchema),
          ...((status === 429 || status === 503) && { headers: { 'Retry-After': { schema: { type: 'integer' } } } }),
        },
      ]),
    );
  const ok = (description: string, schema: v.GenericSchema) => ({ description, content: content(schema) });
  return { content, errors, ok };
}

/** The interface of a server in OpenAPI 3.1, of the schemas that check it. @param library the package that puts schemas into JSON @param hasToken whether requests need one */
export function openApi(
  library: typeof jsonSchema,
  limits: Limits,
  { hasToken, version }: { readonly hasToken: boolean; readonly version: string },
) {
  const { content, errors, ok } = partsBy(library);
  const questions = (Object.keys(verbs) as VerbName[]).map((name) => [
    `/v1/${name}`,
    {
      post: {
        operationId: name,
        summary: verbs[name].summary,
        requestBody: { required: true, content: content(questionSchema(name, limits)) },
        responses: {
          200: ok('One result for each input.', answerSchema(name)),
          ...errors([400, 401, 403, 404, 413, 415, 429, 503, 504]),
        },
      },
    },
  ]);
  const open = { security: [] };
  return {
    openapi: '3.1.0',
    info: { title: 'sparse-adapter', version, description: 'Trained adapters of one backbone, or of several.' },
    ...(hasToken && {
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    }),
    paths: {
      ...Object.fromEntries(questions),
      '/v1/adapters': {
        get: {
          operationId: 'listAdapters',
          summary: 'The adapters that are loaded',
          responses: { 200: ok('All of them.', adaptersSchema), ...errors([401, 403, 503]) },
        },
        post: {
          operationId: 'loadAdapter',
          summary: 'Load an adapter while others answer',
          requestBody: { required: true, content: content(loadSchema) },
          responses: { 201: ok('It is loaded.', factsSchema), ...errors([400, 401, 403, 404, 409, 413, 415, 503]) },
        },
      },
      '/v1/adapters/{name}': {
        delete: {
          operationId: 'unloadAdapter',
          summary: 'Unload an adapter; what it was asked before is answered',
          parameters: [{ name: 'name', in: 'path', required: true, schema: { type: 'string' } }],
          responses: { 204: { description: 'It is gone.' }, ...errors([401, 403, 404, 503]) },
        },
      },
      '/health': {
        get: {
          operationId: 'health',
          summary: 'Whether it lives',
          ...open,
          responses: { 200: ok('It does.', healthSchema) },
        },
      },
      '/ready': {
        get: {
          operationId: 'ready',
          summary: 'Whether it takes requests',
          ...open,
          responses: { 200: ok('It does.', healthSchema), 503: ok('It is stopping.', healthSchema) },
        },
      },
      '/metrics': {
        get: {
          operationId: 'metrics',
          summary: 'Numbers for Prometheus',
          responses: {
            200: { description: 'In its text format.', content: { 'text/plain': { schema: { type: 'string' } } } },
            ...errors([401]),
          },
        },
      },
    },
  };
}
