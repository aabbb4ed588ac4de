/**
 * Every error code of the program with what it means. docs/errors.md has a section for each row, which a test checks.
 * Rows are grouped by layer; a code starts with the name of the layer that throws it.
 */
export const errorCodes = {
  // sys
  SYS_LIBRARY_MISSING: 'a system library the program needs cannot be loaded',

  // runtime
  RUNTIME_LAUNCH_FAILED: 'a container or a process in it could not be launched; the message names the step',
  RUNTIME_COMMAND_NOT_FOUND: 'the program to run does not exist in the container',
  RUNTIME_COMMAND_NOT_EXECUTABLE: 'the program to run exists in the container, but may not be executed',
  RUNTIME_SECCOMP_INVALID: 'a seccomp profile has a word that is not of the format',
  RUNTIME_USER_UNKNOWN: 'a user or group that the container does not know',
  // engine
  ENGINE_CONFIG_INVALID: 'the engine configuration file is not what it should be',
  ENGINE_CONTAINER_NAME_TAKEN: 'another container has the name',
  ENGINE_CONTAINER_NOT_FOUND: 'there is no such container',
  ENGINE_CONTAINER_NOT_RUNNING: 'the operation needs a running container',
  ENGINE_CONTAINER_STATE: 'the operation does not go with the state the container is in',
  ENGINE_DATA_LOCKED: 'another engine works on the same data root',
  ENGINE_EXEC_NOT_FOUND: 'there is no such exec instance',
  ENGINE_EXEC_STATE: 'the exec instance has been started already',
  ENGINE_ID_AMBIGUOUS: 'several ids begin with the given prefix',
  ENGINE_IMAGE_IN_USE: 'a container uses the image',
  ENGINE_IMAGE_NOT_FOUND: 'there is no such image',
  ENGINE_NETWORK_EXISTS: 'another network has the name',
  ENGINE_NETWORK_IN_USE: 'containers are connected to the network',
  ENGINE_NETWORK_NOT_FOUND: 'there is no such network',
  ENGINE_NETWORK_PREDEFINED: 'the operation does not go with a predefined network',
  ENGINE_NOT_SUPPORTED: 'Docker can do this, tscompose cannot yet',
  ENGINE_REQUEST_INVALID: 'a parameter of the request is not what it should be',
  ENGINE_VOLUME_EXISTS: 'a volume of that name exists with other properties',
  ENGINE_VOLUME_IN_USE: 'a container uses the volume',
  ENGINE_VOLUME_NOT_FOUND: 'there is no such volume',
  // engine service
  ENGINE_ANSWER_INVALID: 'what answers at the socket does not speak as an engine does',
  ENGINE_API_VERSION: 'the client speaks a version of the API that the engine does not',
  ENGINE_ENDPOINT_NOT_FOUND: 'the API has no such endpoint',
  ENGINE_FAILED: 'the engine met an error that has no code of its own',
  ENGINE_NEEDS_ROOT: 'the engine can be started by root only, for now',
  ENGINE_START_FAILED: 'the process of the engine ended before it was ready',
  ENGINE_STREAM_FAILED: 'the engine had to end a stream early; the message is its reason',
  ENGINE_STREAM_INVALID: 'bytes that are no frames of the stream format, or an unfinished one',
  ENGINE_UNREACHABLE: 'no engine answers at the socket, or it went away',
  // cli
  CLI_FLAG: 'a flag or an argument of the command line is not what it should be',
} as const

export type ErrorCode = keyof typeof errorCodes

/** A place in a file the user wrote; 1-based, as editors count. */
export interface Where {
  readonly file: string
  readonly line: number
  readonly col: number
  /** The text of that line, to show beneath the message. */
  readonly source?: string
}

export interface More {
  readonly where?: Where
  /** What the user can do about it: one sentence. */
  readonly fix?: string
  readonly cause?: unknown
}

/** The one error family: a stable code, what failed, where, and what to do. */
export class TscomposeError extends Error {
  override readonly name = 'TscomposeError'
  readonly code: ErrorCode
  readonly where: Where | undefined
  readonly fix: string | undefined

  constructor(code: ErrorCode, message: string, { where, fix, cause }: More = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.where = where
    this.fix = fix
  }
}

/** `compose.yaml:7:5: unknown key "prots" [COMPOSE_KEY_UNKNOWN]`, the line itself with a caret, and what to do. */
export function renderError({ code, message, where, fix }: TscomposeError): string {
  const lines = [`${where ? `${where.file}:${where.line}:${where.col}: ` : ''}${message} [${code}]`]
  if (where?.source !== undefined) lines.push(`  ${where.source}`, `  ${' '.repeat(where.col - 1)}^`)
  if (fix) lines.push(`  ${fix}`)
  return lines.join('\n')
}
