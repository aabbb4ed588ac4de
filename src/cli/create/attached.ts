import type { Duplex } from 'node:stream'
import type { Engine } from '../../engine/api.ts'
import { DEFAULT_DETACH_KEYS, DetachKeys, parseDetachKeys } from '../../engine/http/detach-keys.ts'
import type { Cli } from '../cli.ts'
import { connectStreams } from '../terminal.ts'
import { badFlag } from './parsed.ts'

/** A terminal in the container needs one here for its keys. @throws TscomposeError CLI_FLAG */
export function checkTerminal(cli: Pick<Cli, 'stdin'>, wanted: boolean): void {
  if (wanted && !cli.stdin.isTTY) throw badFlag('the input device is not a TTY')
}

interface AttachedContainer {
  readonly stream: Duplex
  readonly tty: boolean
  readonly stdin: boolean
  readonly detachKeys: string | undefined
}

/**
 * Connects our streams to those of a container until it ends, or until the user leaves it by the detach keys. The engine
 * looks for these keys as well; here it is known at once, and for certain, why the stream has ended.
 * @returns whether the user has left, and the container goes on
 */
export async function attachedSession(
  cli: Cli,
  engine: Engine,
  id: string,
  { stream, tty, stdin, detachKeys }: AttachedContainer,
): Promise<boolean> {
  const keys = new DetachKeys(parseDetachKeys(detachKeys ?? DEFAULT_DETACH_KEYS))
  let hasLeft = false
  const watch = (chunk: Buffer) => {
    hasLeft ||= keys.push(chunk).detached
  }
  using cleanup = new DisposableStack()
  if (tty && stdin) {
    cli.stdin.on('data', watch)
    cleanup.defer(() => void cli.stdin.off('data', watch))
  }

  const resize = (height: number, width: number) => engine.containerResize(id, height, width)
  await connectStreams(cli, { stream, tty, stdin, resize })
  return hasLeft
}
