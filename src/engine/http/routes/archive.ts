import type { ContainerPathStat } from '../../api.ts'
import { invalid } from '../../failures.ts'
import { type Answer, empty, json, TAR } from '../answer.ts'
import { defined } from '../query.ts'
import { type Call, type Route, route } from '../router.ts'

type ContainerCall = Call<'id'>

function pathOf({ query }: ContainerCall): string {
  const path = query.text('path')
  if (path === undefined) throw invalid('bad parameter: path cannot be empty')
  return path
}

const statHeader = (stat: ContainerPathStat) => ({
  'X-Docker-Container-Path-Stat': Buffer.from(JSON.stringify(stat)).toString('base64'),
})

async function head(call: ContainerCall): Promise<Answer> {
  const stat = await call.engine.containerArchiveInfo(call.params.id, pathOf(call))
  return { kind: 'empty', status: 200, headers: statHeader(stat) }
}

async function get(call: ContainerCall): Promise<Answer> {
  const { stat, archive } = await call.engine.containerArchive(call.params.id, pathOf(call))
  return { kind: 'bytes', stream: archive, contentType: TAR, headers: statHeader(stat) }
}

async function put(call: ContainerCall): Promise<Answer> {
  const { query, stream, engine, params } = call
  const options = {
    noOverwriteDirNonDir: query.boolean('noOverwriteDirNonDir'),
    copyUIDGID: query.boolean('copyUIDGID'),
    whiteouts: query.boolean('whiteouts'),
  }
  await engine.putContainerArchive(params.id, pathOf(call), stream, defined(options))
  return empty(200)
}

/** The files of containers. */
export const archiveRoutes: readonly Route[] = [
  route('HEAD', '/containers/{id}/archive', head),
  route('GET', '/containers/{id}/archive', get),
  route('PUT', '/containers/{id}/archive', put),
  route('GET', '/containers/{id}/export', async ({ engine, params: { id } }) => ({
    kind: 'bytes',
    stream: await engine.containerExport(id),
    contentType: 'application/octet-stream',
  })),
  route('GET', '/containers/{id}/changes', async ({ engine, params: { id } }) => {
    const changes = await engine.containerChanges(id)
    return json(changes.length > 0 ? changes : null) // as Go writes an empty list
  }),
]
