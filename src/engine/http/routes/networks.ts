import { empty, json } from '../answer.ts'
import { defined } from '../query.ts'
import { networkConnectRequest, networkCreateRequest, networkDisconnectRequest } from '../requests.ts'
import { type Route, route } from '../router.ts'

export const networkRoutes: readonly Route[] = [
  route('GET', '/networks', async ({ engine, query }) =>
    json(await engine.networkList(defined({ filters: query.filters() }))),
  ),
  route('POST', '/networks/create', async ({ engine, body }) =>
    json(await engine.networkCreate(await body(networkCreateRequest)), 201),
  ),
  route('POST', '/networks/prune', async ({ engine, query }) =>
    json(await engine.networkPrune(defined({ filters: query.filters() }))),
  ),
  route('POST', '/networks/{id}/connect', async ({ engine, params: { id }, body }) => {
    const { Container, EndpointConfig } = await body(networkConnectRequest)
    await engine.networkConnect(id, Container, EndpointConfig)
    return empty(200)
  }),
  route('POST', '/networks/{id}/disconnect', async ({ engine, params: { id }, body }) => {
    const { Container, Force } = await body(networkDisconnectRequest)
    await engine.networkDisconnect(id, Container, Force)
    return empty(200)
  }),
  route('GET', '/networks/{id}', async ({ engine, params: { id } }) => json(await engine.networkInspect(id))),
  route('DELETE', '/networks/{id}', async ({ engine, params: { id } }) => {
    await engine.networkDelete(id)
    return empty(204)
  }),
]
