import { chmodSync, chownSync, readdirSync, statSync } from 'node:fs'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { messageOf, TscomposeError } from '../errors.ts'
import { removeTree } from '../remove-tree.ts'
import { AT, CLONE, O, RESOLVE } from '../sys/constants.ts'
import { makePrivate, mountOverlay } from './compile/root.ts'
import { launch } from './launch.ts'
import { thisMachine } from './prepare/machine.ts'
import { type Program, ProgramBuilder } from './program.ts'
import { standardStreams } from './program-streams.ts'
import { exitCodeOf } from './protocol.ts'
import { layersOf, resolveMerged } from './rootfs/merged-tree.ts'
import { openHow } from './rootfs/root-files.ts'
import type { RootSpec } from './spec.ts'

/**
 * Fills an empty volume with what a container's root has at `path`: owners, modes, extended attributes and hard links
 * are kept, the directory's own owner and mode become the volume's. A volume that holds something is left alone, and so
 * is one for a path that is no directory of the image. The volume is seen full or empty, never in between.
 * The container must not be running.
 * @throws TscomposeError RUNTIME_SEED_FAILED, the volume still empty
 */
export async function seedVolume(root: RootSpec, path: string, volumeDir: string): Promise<void> {
  if ((await readdir(volumeDir)).length > 0) return
  const source = resolveMerged(layersOf(root), path)
  if (source.kind !== 'directory') return
  const [uppermost] = source.layers
  if (uppermost && source.layers.every(layer => readdirSync(layer).length === 0)) {
    copyOwner(uppermost, volumeDir)
    return
  }
  const unfinished = `${volumeDir}.seeding`
  await removeTree(unfinished, { force: true })
  await mkdir(unfinished)
  try {
    await copy(root, path, unfinished)
    // rename(2) replaces an empty directory.
    await rename(unfinished, volumeDir)
  } catch (cause) {
    await removeTree(unfinished, { force: true })
    const why = messageOf(cause)
    throw new TscomposeError('RUNTIME_SEED_FAILED', `cannot fill ${volumeDir} from ${path} of the image: ${why}`, {
      cause,
    })
  }
}

function copyOwner(from: string, to: string): void {
  const { uid, gid, mode } = statSync(from)
  chownSync(to, uid, gid)
  chmodSync(to, mode & 0o7777)
}

async function copy(root: RootSpec, path: string, to: string): Promise<void> {
  const attach = { stdin: false, stdout: true, stderr: true, closeStdin: false }
  const program = compileCopy(root, path, to)
  const options = { name: `copy to ${to}`, stdin: false, terminal: false, attach }
  const { monitor, streams } = await launch(() => program, options)
  const [output, { status }] = await Promise.all([streams ? text(streams) : '', monitor.exited])
  if (exitCodeOf(status) !== 0)
    throw new Error(output.replaceAll(/[^\P{Cc}\n]/gu, '').trim() || `cp exits with ${status}`)
}

/** Runs the machine's own cp(1) on the overlay, which is mounted in a mount namespace of its own. */
export function compileCopy(root: RootSpec, path: string, to: string): Program {
  const program = new ProgramBuilder()
  program.clone(CLONE.NEWNS, 'monitor')
  standardStreams(program, { stdin: false })
  makePrivate(program)
  mountOverlay(program, root, thisMachine().overlayOptions)
  const directory = O.PATH | O.DIRECTORY | O.CLOEXEC
  const rootFd = program.call('openat', [AT.FDCWD, root.writableLayer, directory, 0], { words: 'open the root' })
  const how = openHow(directory, RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS)
  const source = program.call('openat2', [rootFd, path, how, how.length], { words: `find ${path} in the image` })
  program.call('fchdir', [source], { words: `change to ${path} of the image` })
  return program.exec(['/bin/cp', '/usr/bin/cp'], ['cp', '-a', '--', '.', to], ['PATH=/usr/bin:/bin', 'LC_ALL=C'])
}
