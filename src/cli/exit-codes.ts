import { TscomposeError } from '../errors.ts'
import type { Cli } from './cli.ts'
import { Exit } from './command.ts'
import { renderFailure } from './failure.ts'

/** The codes shells use for a program that cannot be run. */
const codes: Readonly<Record<string, number>> = {
  RUNTIME_COMMAND_NOT_EXECUTABLE: 126,
  RUNTIME_COMMAND_NOT_FOUND: 127,
}
/** What keeps a program from being run in a container that runs already: `docker exec` exits with 126 then, too. */
export const execCodes: typeof codes = { ...codes, RUNTIME_LAUNCH_FAILED: 126, RUNTIME_USER_UNKNOWN: 126 }

/** What docker's `run` and `create` exit with where it is not the program's own exit code: it could not be run as asked. */
export function refusal(cli: Cli, error: unknown): Exit {
  cli.stderr.write(renderFailure(error, { json: cli.options.progress === 'json' }))
  return new Exit(125)
}

/** For commands that run a program: that it cannot be run is told, and has an exit code of its own. */
export function exitCodeOfFailure(cli: Cli, error: unknown, known = codes): unknown {
  const code = error instanceof TscomposeError ? known[error.code] : undefined
  if (code === undefined) return error
  cli.stderr.write(renderFailure(error, { json: cli.options.progress === 'json' }))
  return new Exit(code)
}
