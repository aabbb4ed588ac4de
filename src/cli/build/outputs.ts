import { resolve } from 'node:path'
import { badFlag } from '../create/parsed.ts'

/** `--output`: where the result goes besides the image store. */
export type BuildOutput =
  | { readonly type: 'image'; readonly push: boolean; readonly name?: string }
  /** The files of the image in a directory. */
  | { readonly type: 'local'; readonly dest: string }
  /** The files, or the image, as an archive; without a destination on standard output. */
  | { readonly type: 'tar' | 'oci' | 'docker'; readonly dest?: string }

/** `DIR`, `-`, or fields as `type=local,dest=DIR`. @throws TscomposeError CLI_FLAG */
export function parseOutput(text: string, cwd: string): BuildOutput {
  if (text === '-') return { type: 'tar' }
  if (!text.includes('=')) return { type: 'local', dest: resolve(cwd, text) }
  const fields = new Map(
    text.split(',').map(field => {
      const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(field) ?? []
      return [name.toLowerCase(), value] as const
    }),
  )
  const type = fields.get('type')
  const known = type === 'image' || type === 'registry' ? ['type', 'name', 'push'] : ['type', 'dest']
  const unknown = [...fields.keys()].find(key => !known.includes(key))
  if (unknown !== undefined) throw badFlag(`invalid output "${text}": "${unknown}" is not supported there`)
  const dest = fields.get('dest')
  switch (type) {
    case 'image':
    case 'registry': {
      const name = fields.get('name')
      const push = type === 'registry' || fields.get('push') === 'true'
      return { type: 'image', push, ...(name !== undefined && { name }) }
    }
    case 'local':
      if (dest === undefined) throw badFlag(`invalid output "${text}": dest is required for local output`)
      return { type, dest: resolve(cwd, dest) }
    case 'docker':
      // Without a destination it is the store of the engine.
      if (dest === undefined) return { type: 'image', push: false }
      return { type, ...(dest !== '-' && { dest: resolve(cwd, dest) }) }
    case 'tar':
    case 'oci':
      return { type, ...(dest !== undefined && dest !== '-' && { dest: resolve(cwd, dest) }) }
    default:
      throw badFlag(`invalid output "${text}": type is one of local, tar, oci, docker, image, registry`)
  }
}

/** @throws TscomposeError CLI_FLAG for what has room for one platform only */
export function assertForPlatforms(type: BuildOutput['type'], platforms: number): void {
  if (platforms < 2) return
  if (type === 'docker')
    throw badFlag('docker exporter does not currently support exporting manifest lists: use type=oci')
  if (type === 'tar')
    throw badFlag('type=tar is for one platform: use type=local, with a directory for each, or type=oci')
}
