import { once } from 'node:events'
import { createReadStream, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Readable } from 'node:stream'
import type { Cli } from './cli.ts'
import { badFlag } from './create/parsed.ts'

const unreadable = (file: string, cause: unknown) => badFlag(`cannot read ${file}: ${(cause as Error).message}`)

/** A text that a flag names. @throws TscomposeError CLI_FLAG */
export function readText(cli: Cli, file: string): string {
  try {
    return readFileSync(path.resolve(cli.cwd, file), 'utf8')
  } catch (cause) {
    throw unreadable(file, cause)
  }
}

/**
 * What a command reads: standard input for `-`, otherwise a file, opened, so that one that cannot be read is told before
 * anything is done. @throws TscomposeError CLI_FLAG
 */
export async function openInput(cli: Cli, file = '-'): Promise<Readable> {
  if (file === '-') return cli.stdin
  const stream = createReadStream(path.resolve(cli.cwd, file))
  try {
    await once(stream, 'open')
    return stream
  } catch (cause) {
    throw unreadable(file, cause)
  }
}
