import { readFileSync } from 'node:fs';

import { defineConfig } from '@hey-api/openapi-ts';

interface Operation {
  operationId: string;
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
}

/** The API names an operation after its function, path and method; the function alone reads better in calls. */
function withShortNames(document: Document): Document {
  const seen = new Set<string>();
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const ending = `${path.replaceAll(/\W/g, '_')}_${method}`;
      const short = operation.operationId.replace(ending, '');
      if (seen.has(short)) continue;
      seen.add(short);
      operation.operationId = short;
    }
  }
  return document;
}

export default defineConfig({
  input: withShortNames(JSON.parse(readFileSync('../api/openapi.json', 'utf8')) as Document) as never,
  output: { path: 'src/api', postProcess: [] },
  plugins: [
    { name: '@hey-api/client-fetch', runtimeConfigPath: '../http' },
    '@hey-api/typescript',
    { name: '@hey-api/sdk', responseStyle: 'data' },
  ],
});
