import { type Answer, empty, json } from '../answer.ts'
import { defined } from '../query.ts'
import { volumeCreateRequest } from '../requests.ts'
import { type Call, type Route, route } from '../router.ts'

async function prune({ engine, query, minor }: Call): Promise<Answer> {
  const filters = query.filters() ?? {}
  // Before 1.42, volumes with a name were pruned like those without.
  return json(await engine.volumePrune({ filters: minor < 42 ? { all: ['true'], ...filters } : filters }))
}

export const volumeRoutes: readonly Route[] = [
  route('GET', '/volumes', async ({ engine, query }) =>
    json(await engine.volumeList(defined({ filters: query.filters() }))),
  ),
  route('POST', '/volumes/create', async ({ engine, body }) =>
    json(await engine.volumeCreate(await body(volumeCreateRequest)), 201),
  ),
  route('POST', '/volumes/prune', prune),
  route('GET', '/volumes/{name}', async ({ engine, params: { name } }) => json(await engine.volumeInspect(name))),
  route('DELETE', '/volumes/{name}', async ({ engine, params: { name }, query }) => {
    await engine.volumeDelete(name, defined({ force: query.boolean('force') }))
    return empty(204)
  }),
]
