import path from 'node:path'
import { Readable } from 'node:stream'
import type { Engine } from '../../engine/api.ts'
import { packFiles } from '../../engine/archive/pack-files.ts'
import { TscomposeError } from '../../errors.ts'
import type { RuleChanges } from './batches.ts'

/**
 * Writes what has changed into a container's tree, all of it or what there is of it by now. A container that has gone
 * meanwhile needs nothing any more.
 */
export async function syncInto(engine: Engine, id: string, { rule, changed, removed }: RuleChanges): Promise<void> {
  const { target = '/' } = rule
  const isFile = changed.includes('') || removed.includes('')
  const [directory, prefix] = isFile ? [path.posix.dirname(target), path.posix.basename(target)] : [target, '']
  const nameOf = (relative: string) => (isFile ? prefix : relative)
  const put = async (into: string, base: string) => {
    const archive = packFiles({
      files: changed.map(relative => ({ source: path.join(rule.path, relative), name: base + nameOf(relative) })),
      removed: removed.map(relative => base + nameOf(relative)),
    })
    await engine.putContainerArchive(id, into, Readable.from(archive), { copyUIDGID: true, whiteouts: true })
  }
  try {
    await put(directory, '')
  } catch (error) {
    if (!(error instanceof TscomposeError)) throw error
    if (error.code === 'ENGINE_CONTAINER_NOT_FOUND') return
    if (error.code !== 'ENGINE_FILE_NOT_FOUND') throw error
    // The first time the directory is not there: it is made on the way.
    await put('/', `${directory.slice(1)}/`)
  }
}
