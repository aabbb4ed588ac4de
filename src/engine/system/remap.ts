import { readFile } from 'node:fs/promises'
import { TscomposeError } from '../../errors.ts'
import type { IdMapping, UserNamespaceSpec } from '../../runtime/spec.ts'

/** Whose ids Docker takes for `default`. */
const DEFAULT_USER = 'dockremap'

/**
 * `userns-remap` of the configuration: `default`, `user`, `uid`, `user:group` or `uid:gid`. The ids of containers are
 * those that subuid(5) and subgid(5) give to that user and group.
 * @throws TscomposeError ENGINE_CONFIG_INVALID where they give none
 */
export async function readRemap(text: string): Promise<UserNamespaceSpec | undefined> {
  if (text === '') return undefined
  const [user = '', group = user] = (text === 'default' ? DEFAULT_USER : text).split(':')
  const [uidMappings, gidMappings] = await Promise.all([
    mappings('/etc/subuid', await names(user, '/etc/passwd')),
    mappings('/etc/subgid', await names(group, '/etc/group')),
  ])
  return { uidMappings, gidMappings }
}

/** A user or group by all that subuid(5) could call it. */
async function names(name: string, file: string): Promise<readonly string[]> {
  const rows = (await readFile(file, 'utf8').catch(() => '')).split('\n').map(line => line.split(':'))
  const row = rows.find(([known, , id]) => known === name || id === name)
  return [name, row?.[0], row?.[2]].filter(word => word !== undefined)
}

async function mappings(file: string, wanted: readonly string[]): Promise<readonly IdMapping[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const map = parseSubordinateIds(text, wanted)
  if (map.length > 0) return map
  throw new TscomposeError('ENGINE_CONFIG_INVALID', `"userns-remap": ${file} has no ids for "${wanted[0]}"`, {
    fix: `Give it some: echo '${wanted[0]}:231072:65536' >> ${file}`,
  })
}

/** `name:first:count`; several ranges of one name follow each other in the container. */
export function parseSubordinateIds(text: string, wanted: readonly string[]): readonly IdMapping[] {
  const map: IdMapping[] = []
  let containerID = 0
  for (const line of text.split('\n')) {
    const [, name = '', first, count] = /^([^:#]+):(\d+):(\d+)\s*$/.exec(line) ?? []
    if (!wanted.includes(name) || Number(count) === 0) continue
    map.push({ containerID, hostID: Number(first), size: Number(count) })
    containerID += Number(count)
  }
  return map
}
