import { CLONE } from '../sys/constants.ts'
import { makePrivate, mountOverlay } from './compile/root.ts'
import { launch } from './launch.ts'
import { thisMachine } from './prepare/machine.ts'
import { type Program, ProgramBuilder } from './program.ts'
import { standardStreams } from './program-streams.ts'
import type { RootSpec } from './spec.ts'

/** A root file system that can be read from this process. Disposing it takes the view away. */
export interface MountedTree extends AsyncDisposable {
  /** A directory; what is written below it goes to the writable layer. */
  readonly path: string
}

/**
 * Shows the overlay of a root's layers at a path, without a mount that anybody else could see: a small process holds it
 * in a mount namespace of its own, and the path leads through that process. It ends with this one, however that ends.
 */
export async function mountTree(root: RootSpec): Promise<MountedTree> {
  const program = compileHolder(root)
  const attach = { stdin: true, stdout: false, stderr: false, closeStdin: true }
  const { monitor, streams } = await launch(() => program, { name: 'tree', stdin: true, terminal: false, attach })
  return {
    path: `/proc/${monitor.pid}/cwd`,
    async [Symbol.asyncDispose]() {
      streams?.destroy() // the end of its input is its end
      await monitor.exited.catch(() => {})
    },
  }
}

/** A program that stands in the root of the overlay for as long as its standard input is open. */
function compileHolder(root: RootSpec): Program {
  const program = new ProgramBuilder()
  program.clone(CLONE.NEWNS, 'monitor')
  standardStreams(program, { stdin: true })
  makePrivate(program)
  mountOverlay(program, root, thisMachine().overlayOptions)
  program.call('chdir', [root.writableLayer], { words: 'change to the root of the tree' })
  return program.exec(['/bin/cat', '/usr/bin/cat'], ['cat'], ['PATH=/usr/bin:/bin', 'LC_ALL=C'])
}
