import { TscomposeError } from '../../errors.ts'

/** Exit codes as a shell has them, and Docker's 128 for everything else. */
const exitCodes: Partial<Record<string, number>> = {
  RUNTIME_COMMAND_NOT_EXECUTABLE: 126,
  RUNTIME_COMMAND_NOT_FOUND: 127,
}

/** The exit code of a container that could not be started. */
export const launchExitCode = (error: unknown): number =>
  (error instanceof TscomposeError && exitCodes[error.code]) || 128

/**
 * A command that cannot be executed, in the words of runc: Docker's clients look for them, and make of them the exit
 * codes 126 and 127. Other errors stay as they are.
 */
export function inDockersWords(error: unknown, command: string): unknown {
  if (!(error instanceof TscomposeError)) return error
  const words = (why: string) =>
    new TscomposeError(error.code, `unable to start container process: exec: "${command}": ${why}`, { cause: error })
  switch (error.code) {
    case 'RUNTIME_COMMAND_NOT_FOUND':
      return words(
        command.includes('/') ? `stat ${command}: no such file or directory` : 'executable file not found in $PATH',
      )
    case 'RUNTIME_COMMAND_NOT_EXECUTABLE':
      return words(errnoOf(error) === 'ENOEXEC' ? 'exec format error' : 'permission denied')
    default:
      return error
  }
}

const errnoOf = ({ cause }: TscomposeError): unknown => (cause as { code?: unknown } | undefined)?.code
